from __future__ import annotations

import hashlib

import numpy as np
import pytest

from fdrd.datasets.vials import MAX_OBJECTS, MIN_SIDE, Vial, mask_box, render_vial
from fdrd.datasets.vials_objects import KINDS

SMALL = (160, 68)


@pytest.fixture(scope='module')
def vials() -> list[Vial]:
    return [render_vial((0, index)) for index in range(30)]


def digest(vial: Vial) -> str:
    return hashlib.sha256(vial.image.tobytes() + repr([(p.kind, p.box) for p in vial.particles]).encode()).hexdigest()


def test_same_key_same_picture_other_key_other_picture() -> None:
    assert digest(render_vial((3, 0, 7))) == digest(render_vial((3, 0, 7)))
    assert len({digest(render_vial(key, SMALL)) for key in ((3, 0, 7), (3, 0, 8), (3, 1, 7), (4, 0, 7))}) == 4


def test_picture_format(vials: list[Vial]) -> None:
    for vial in vials[:5]:
        assert (vial.image.shape, vial.image.dtype) == ((136, 320, 3), np.uint8)
        assert 30 < vial.image.mean() < 200
        assert vial.image.std() > 15


def test_boxes_are_those_of_the_masks_and_inside(vials: list[Vial]) -> None:
    for particle in (p for vial in vials for p in vial.particles):
        rows, columns = np.where(particle.mask)
        x, y, w, h = particle.box
        assert (x, y, x + w - 1, y + h - 1) == (columns.min(), rows.min(), columns.max(), rows.max())
        assert min(w, h) >= MIN_SIDE
        assert x >= 0
        assert y >= 0
        assert x + w <= 320
        assert y + h <= 136


def test_number_and_size_of_objects(vials: list[Vial]) -> None:
    counts = [len(vial.particles) for vial in vials]
    assert min(counts) == 0
    assert max(counts) == MAX_OBJECTS
    boxes = [p.box for vial in vials for p in vial.particles]
    assert np.mean([max(w, h) < 32 for _, _, w, h in boxes]) > 0.9
    assert {p.kind for vial in vials for p in vial.particles} == set(KINDS)


def test_objects_do_not_overlap(vials: list[Vial]) -> None:
    for vial in vials:
        assert sum(p.mask.astype(int) for p in vial.particles).max() == 1 if vial.particles else True


def test_pixels_change_where_the_masks_are_and_nowhere_else() -> None:
    """The same scene with and without objects differs in the boxes (and the lens blur around them), plain to see."""
    for index in range(6):
        with_objects, without = render_vial((1, index), empty=0), render_vial((1, index), empty=1)
        change = np.abs(with_objects.image.astype(int) - without.image).max(2)
        assert with_objects.particles
        assert not without.particles
        near = np.zeros(change.shape, bool)
        for particle in with_objects.particles:
            x, y, w, h = particle.box
            near[max(0, y - 4):y + h + 4, max(0, x - 4):x + w + 4] = True
            assert change[particle.mask].mean() > 15, particle.kind
        assert change[~near].max() <= 2


def test_objects_grow_with_the_height() -> None:
    def median(size: tuple[int, int]) -> float:
        return float(np.median([max(p.box[2:]) for n in range(12) for p in render_vial((2, n), size, 0).particles]))

    assert median((400, 170)) == pytest.approx(2.5 * median((160, 68)), rel=0.4)


def test_share_of_empty_pictures() -> None:
    empty = [not render_vial((5, n), (64, 64), 0.5).particles for n in range(60)]
    assert 18 <= sum(empty) <= 42
    assert not any(not render_vial((5, n), SMALL, 0.0).particles for n in range(10))


def test_mask_box() -> None:
    mask = np.zeros((9, 12), bool)
    assert mask_box(mask) is None
    mask[2:5, 7:9] = True
    assert mask_box(mask) == (7, 2, 2, 3)

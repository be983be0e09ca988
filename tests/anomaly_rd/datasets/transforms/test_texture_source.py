from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from anomaly_rd.datasets.transforms import texture_source
from anomaly_rd.datasets.transforms.texture_source import TextureSource, changed, procedural
from mminspect.core.errors import UserError

KINDS = ('spectral_noise', 'octaves', 'gratings', 'cells', 'dead_leaves', 'stains')


@pytest.mark.parametrize('kind', KINDS)
def test_kinds_differ_from_draw_to_draw_and_fill_the_picture(kind: str) -> None:
    function: Callable = getattr(texture_source, kind)
    first, again, other = (function((48, 70), np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == (48, 70) and np.isfinite(first).all() and first.std() > 0
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_cells_are_those_of_the_nearest_seed() -> None:
    random = np.random.default_rng(5)
    seeds = random.uniform(0, (40, 50), (int(random.integers(20, 401)), 2)).astype(int)
    found = texture_source.cells((40, 50), np.random.default_rng(5))
    y, x = np.mgrid[:40, :50]
    distance = np.hypot(y[..., None] - seeds[:, 0], x[..., None] - seeds[:, 1])
    nearest, at_seed = distance.argmin(2), found[seeds[:, 0], seeds[:, 1]]
    clear = np.sort(distance, 2)[..., 1] - distance.min(2) > 0.5  # the transform's distances are nearly exact
    assert np.mean(found[clear] == at_seed[nearest][clear]) > 0.99


def test_textures_are_coloured_pictures() -> None:
    random = np.random.default_rng(0)
    drawn = [procedural((64, 64), random) for _ in range(64)]
    assert all(one.shape == (64, 64, 3) and one.dtype == np.uint8 for one in drawn)
    assert np.mean([one.std() > 5 for one in drawn]) > 0.9
    assert np.mean([np.ptp(one.reshape(-1, 3).mean(0)) > 5 for one in drawn]) > 0.8


def test_another_view_of_an_image_has_its_values_and_not_its_look() -> None:
    image = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    views = [changed(image, np.random.default_rng(seed)) for seed in range(12)]
    assert all(view.shape == image.shape and view.dtype == np.uint8 for view in views)
    assert not any(np.array_equal(view, image) for view in views)
    assert changed(image[:48, :63], np.random.default_rng(0)).shape == (48, 63, 3)


def test_sources(tmp_path: Path) -> None:
    (tmp_path / 'banded').mkdir()
    cv2.imwrite(str(tmp_path / 'banded' / 'a.jpg'), np.full((30, 20, 3), (0, 0, 255), np.uint8))
    image, random = np.zeros((48, 64, 3), np.uint8), np.random.default_rng(0)
    red = TextureSource(('folder', ), str(tmp_path)).draw(image, random)
    assert red.shape == image.shape and red[..., 0].min() > 240 and red[..., 1:].max() < 15
    own = TextureSource(('self', ))
    own.draw(np.full((32, 32, 3), 128, np.uint8), random)
    assert own.draw(image, random).shape == image.shape  # of the remembered one, which is smaller
    both = TextureSource(('procedural', 'self'))
    assert all(both.draw(image, random).shape == image.shape for _ in range(8))


@pytest.mark.parametrize(('options', 'said'), [
    (dict(kinds=()), 'empty'), (dict(kinds=('dtd', )), 'textures.kinds'), (dict(kinds=('folder', )), 'belong together'),
    (dict(folder='x'), 'belong together')])
def test_values_out_of_range(options: dict, said: str) -> None:
    with pytest.raises(UserError, match=said):
        TextureSource(**options)


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(UserError, match='holds no picture'):
        TextureSource(('folder', ), str(tmp_path))

"""Pasting against loops over the pixels and, for turned pieces, against the geometry of a rectangle."""
from __future__ import annotations

import cmath
import math

import numpy as np
import pytest
import torch
from torchvision.transforms import functional as F

from anomaly_rd.datasets.transforms.pasting import Paste, paste_all, rotated_size

SAME = (1.0, 1.0, 1.0, 0.0)  # brightness, contrast, saturation and hue as they are


def picture(height: int = 30, width: int = 40, dtype: str = 'uint8') -> np.ndarray:
    return np.random.randint(0, 256, (height, width, 3)).astype(dtype)


def upright(cut: tuple[int, int], size: tuple[int, int], target: tuple[int, int]) -> Paste:
    return Paste(cut, size, 0.0, target, SAME)


@pytest.mark.parametrize('dtype', ['uint8', 'float32'])
def test_pixel_by_pixel_later_pieces_over_earlier_ones(dtype: str) -> None:
    image, source = picture(dtype=dtype), picture(50, 25, dtype)
    pastes = [upright((3, 2), (8, 10), (4, 20)), upright((40, 0), (10, 25), (7, 12)), upright((0, 0), (1, 1), (29, 39))]
    corrupted, covered = paste_all(image, source, pastes)
    expected, expected_cover = image.copy(), np.zeros((30, 40), bool)
    for paste in pastes:
        for y in range(paste.size[0]):
            for x in range(paste.size[1]):
                place = paste.target[0] + y, paste.target[1] + x
                expected[place], expected_cover[place] = source[paste.cut[0] + y, paste.cut[1] + x], True
    assert corrupted.dtype == image.dtype and covered.dtype == bool
    np.testing.assert_allclose(corrupted, expected, atol=0 if dtype == 'uint8' else 1e-3)
    assert np.array_equal(covered, expected_cover) and covered.sum() < 8 * 10 + 10 * 25 + 1  # the two overlap


def test_what_does_not_fit_is_cut_off() -> None:
    image, source = picture(), picture()
    corrupted, covered = paste_all(image, source, [upright((0, 0), (10, 10), (25, 33))])
    assert np.array_equal(corrupted[25:, 33:], source[:5, :7])
    assert covered[25:, 33:].all() and covered.sum() == 5 * 7


def test_both_images_are_left_alone() -> None:
    image, source = picture(), picture()
    before = image.copy(), source.copy()
    for angle in (0.0, 20.0):
        paste_all(image, source, [Paste((0, 0), (9, 9), angle, (5, 5), (0.5, 0.5, 0.5, 0.1))])
        corrupted, _ = paste_all(image, image, [Paste((0, 0), (9, 9), angle, (3, 3), SAME)])
        assert not np.array_equal(corrupted, image)
    assert np.array_equal(image, before[0]) and np.array_equal(source, before[1])


def test_no_piece_no_change() -> None:
    image = picture()
    corrupted, covered = paste_all(image, picture(), [])
    assert np.array_equal(corrupted, image) and not np.shares_memory(corrupted, image) and not covered.any()


@pytest.mark.parametrize('brightness', [0.997, 1.003])
def test_whole_numbers_are_rounded_to_the_nearest(brightness: float) -> None:
    image, source = picture(), np.full((4, 4, 3), 101, np.uint8)
    paste = Paste((0, 0), (4, 4), 0.0, (0, 0), (brightness, 1.0, 1.0, 0.0))  # 101 becomes 100.7 or 101.3
    assert set(paste_all(image, source, [paste])[0][:4, :4].ravel()) == {101}
    as_floats = paste_all(image.astype(np.float32), source, [paste])[0][:4, :4]
    np.testing.assert_allclose(as_floats, 101 * brightness, atol=1e-3)


def test_the_corners_of_a_turned_piece_uncover_nothing() -> None:
    pastes = [upright((0, 0), (12, 12), (2, 2)), Paste((0, 0), (8, 8), 45.0, (3, 3), SAME)]
    _, covered = paste_all(picture(), picture(), pastes)
    assert covered[2:14, 2:14].all()


def test_colours_change_by_these_factors_within_the_piece_only() -> None:
    image, source = picture(dtype='float32'), picture(dtype='float32')
    cut = torch.from_numpy(source[5:15, 8:20] / 255).permute(2, 0, 1)  # contrast refers to the mean of the cut
    for name, factor in (('brightness', 1.2), ('contrast', 0.7), ('saturation', 0.5), ('hue', 0.1)):
        cut = getattr(F, f'adjust_{name}')(cut, factor)
    corrupted, covered = paste_all(image, source, [Paste((5, 8), (10, 12), 0.0, (2, 3), (1.2, 0.7, 0.5, 0.1))])
    np.testing.assert_allclose(corrupted[2:12, 3:15], 255 * cut.permute(1, 2, 0).numpy(), atol=0.5)
    assert np.array_equal(corrupted[~covered], image[~covered])


def turned_corners(size: tuple[int, int], angle: float) -> list[complex]:
    height, width = size
    return [complex(x, y) * cmath.exp(1j * math.radians(angle)) for x in (-width / 2, width / 2)
            for y in (-height / 2, height / 2)]


@pytest.mark.parametrize('angle', [-50.0, -45.0, -20.0, 7.5, 33.0, 60.0])
@pytest.mark.parametrize('size', [(25, 3), (10, 16), (40, 1), (7, 7)])
def test_size_of_the_rectangle_around_a_turned_one(size: tuple[int, int], angle: float) -> None:
    corners = turned_corners(size, angle)
    height, width = (max(part) - min(part) for part in zip(*((z.imag, z.real) for z in corners), strict=True))
    assert rotated_size(size, angle) == (math.ceil(height), math.ceil(width))


def test_an_upright_one_keeps_its_size() -> None:
    assert rotated_size((10, 3), 0.0) == (10, 3)


@pytest.mark.parametrize('angle', [-45.0, -10.0, 15.0, 40.0])
@pytest.mark.parametrize('size', [(24, 7), (12, 30)])
def test_a_turned_piece_is_the_counterclockwise_turned_rectangle(size: tuple[int, int], angle: float) -> None:
    """A slope of grey shows where every pixel came from."""
    height, width = size
    y, x = np.mgrid[:60, :60].astype(np.float32)
    source = np.stack([4 * x, 4 * y, 2 * (x + y)], axis=2)
    corrupted, covered = paste_all(np.full((60, 60, 3), 255, np.float32), source,
                                   [Paste((5, 6), size, angle, (8, 9), SAME)])
    rows, columns = rotated_size(size, angle)
    seen = 0
    for row in range(60):
        for column in range(60):
            # Offset from the middle of the piece in its own axes; y grows downwards.
            turned = complex(column - 9 - (columns - 1) / 2, -(row - 8 - (rows - 1) / 2))
            own = turned * cmath.exp(-1j * math.radians(angle))
            to_edge = min(width / 2 - abs(own.real), height / 2 - abs(own.imag))
            if abs(to_edge) < 0.1:
                continue  # rounding decides
            assert covered[row, column] == (to_edge > 0), (row, column)
            if to_edge > 0.6:  # not beyond the outermost centres
                at = 6 + (width - 1) / 2 + own.real, 5 + (height - 1) / 2 - own.imag
                expected = 4 * at[0], 4 * at[1], 2 * (at[0] + at[1])
                assert np.abs(corrupted[row, column] - expected).max() < 4 * 0.1, (row, column)
                seen += 1
    assert seen > height * width / 2
    assert (corrupted[~covered] == 255).all()


@pytest.mark.parametrize('angle', [-45.0, 30.0])
def test_the_rim_of_a_turned_piece_has_no_other_colour(angle: float) -> None:
    source = np.zeros((30, 30, 3), np.uint8)
    source[10:20, 10:16] = (200, 120, 40)
    corrupted, covered = paste_all(np.full((40, 40, 3), 90, np.uint8), source,
                                   [Paste((10, 10), (10, 6), angle, (9, 9), SAME)])
    assert covered.sum() > 40 and (corrupted[covered] == (200, 120, 40)).all()
    assert (corrupted[~covered] == 90).all()

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from mminspect.core.errors import UserError
from mminspect.vision.tiling import cut, stitch, tile_boxes, tile_starts


def covered(boxes: list[tuple], shape: tuple[int, int]) -> np.ndarray:
    count = np.zeros(shape, int)
    for y0, x0, y1, x1 in boxes:
        count[y0:y1, x0:x1] += 1
    return count


@pytest.mark.parametrize('shape', [(4000, 18000), (18000, 4000)])
def test_line_scan_of_4000x18000(shape: tuple[int, int]) -> None:
    boxes = tile_boxes(*shape, 1024)
    assert len(boxes) == 72
    assert all((y1 - y0, x1 - x0) == (1024, 1024) and min(y0, x0) >= 0 and y1 <= shape[0] and x1 <= shape[1]
               for y0, x0, y1, x1 in boxes)
    assert covered(boxes, shape).min() == 1


def test_published_strides() -> None:
    """About 992 and 998.6 pixels, from 0 to the last full tile."""
    short, long = tile_starts(4000, 1024), tile_starts(18000, 1024)
    assert (short[0], short[-1], long[0], long[-1]) == (0, 2976, 0, 16976)
    assert set(np.diff(short)) == {992}
    assert set(np.diff(long)) == {998, 999}


def test_every_length_is_covered() -> None:
    for length in range(7, 60):
        starts = tile_starts(length, 7)
        assert len(starts) == -(-length // 7)
        assert (starts[0], starts[-1]) == (0, length - 7)
        assert max(np.diff(starts), default=0) <= 7


def test_other_modes() -> None:
    assert tile_starts(20, 8, 'drop_last') == [0, 8]
    assert tile_starts(20, 8, 'pad') == [0, 8, 16]
    assert tile_starts(16, 8, 'pad') == tile_starts(16, 8) == tile_starts(16, 8, 'drop_last') == [0, 8]
    assert tile_starts(5, 8, 'pad') == [0]
    assert tile_boxes(10, 5, (4, 5), 'drop_last') == [(0, 0, 4, 5), (4, 0, 8, 5)]


def test_mistakes() -> None:
    for mode in ('overlap', 'drop_last'):
        with pytest.raises(UserError, match='tiles of 8 pixels cannot be cut from a side of 7'):
            tile_starts(7, 8, mode)
    with pytest.raises(UserError, match='tiles of 8 pixels cannot overlap by 8'):
        tile_starts(20, 8, overlap=8)
    with pytest.raises(UserError, match="mode is 'reflect', known are overlap, drop_last, pad"):
        tile_starts(20, 8, 'reflect')


@pytest.mark.parametrize('mode', ['overlap', 'pad'])
@pytest.mark.parametrize('shape', [(16, 16), (37, 50), (17, 64), (100, 33)])
def test_tiles_of_an_image_give_it_back(shape: tuple[int, int], mode: str) -> None:
    image = np.random.default_rng(0).random(shape).astype(np.float32)
    boxes = tile_boxes(*shape, 16, mode)
    tiles = [cut(image, box) for box in boxes]
    assert {tile.shape for tile in tiles} == {(16, 16)}
    stitched = stitch(tiles, boxes, shape)
    assert stitched.dtype == np.float32
    np.testing.assert_allclose(stitched, image, rtol=3e-7)


def test_line_scan_comes_back() -> None:
    """The scan of 4000x18000 with tiles of 1024 at an eighth of its size: as many tiles."""
    shape = (500, 2250)
    image = np.random.default_rng(0).random(shape).astype(np.float32)
    boxes = tile_boxes(*shape, 128)
    assert len(boxes) == 72
    np.testing.assert_allclose(stitch([cut(image, box) for box in boxes], boxes, shape), image, rtol=3e-7)


def test_overlaps_are_blended() -> None:
    boxes = tile_boxes(4, 6, 4)
    assert boxes == [(0, 0, 4, 4), (0, 2, 4, 6)]
    stitched = stitch([np.full((4, 4), 1.0), np.full((4, 4), 5.0)], boxes, (4, 6))
    np.testing.assert_allclose(stitched, [[1, 1, 2, 4, 5, 5]] * 4)  # three quarters and one, then the reverse


def test_blending_is_exact_where_one_tile_lies_and_continuous_elsewhere() -> None:
    rng = np.random.default_rng(0)
    boxes = tile_boxes(40, 64, 16, overlap=4)
    tiles = [np.full((16, 16), value, np.float32) for value in rng.random(len(boxes))]
    stitched, count = stitch(tiles, boxes, (40, 64)), covered(boxes, (40, 64))
    for tile, (y0, x0, y1, x1) in zip(tiles, boxes, strict=True):
        alone = count[y0:y1, x0:x1] == 1
        assert alone.any() and (stitched[y0:y1, x0:x1][alone] == tile[0, 0]).all()
    assert max(np.abs(np.diff(stitched, axis=axis)).max() for axis in (0, 1)) < 0.3  # the tiles differ by up to 1


def test_tiles_that_are_no_grid() -> None:
    with pytest.raises(ValueError, match='3 boxes are not a grid of 2 x 2'):
        stitch([np.zeros((4, 4))] * 3, tile_boxes(8, 8, 4)[:3], (8, 8))


@pytest.mark.parametrize(('length', 'tile', 'overlap'), [(100, 16, 4), (17, 16, 8), (64, 16, 15), (16, 16, 3),
                                                         (1000, 256, 32)])
def test_neighbours_overlap_as_wanted_with_as_few_tiles_as_can_be(length: int, tile: int, overlap: int) -> None:
    starts = tile_starts(length, tile, overlap=overlap)
    assert (starts[0], starts[-1]) == (0, length - tile)
    assert all(b - a <= tile - overlap for a, b in pairwise(starts))
    fewer = len(starts) - 1
    assert fewer == 0 or (fewer - 1) * (tile - overlap) + tile < length


def test_left_out_border_is_zero() -> None:
    boxes = tile_boxes(5, 5, 4, 'drop_last')
    stitched = stitch([np.ones((4, 4))], boxes, (5, 5))
    assert stitched.sum() == 16 and stitched[4].sum() == stitched[:, 4].sum() == 0


def test_padding_repeats_the_border_or_is_zero() -> None:
    image = np.arange(12).reshape(3, 4)
    np.testing.assert_array_equal(cut(image, (2, 2, 4, 6)), [[10, 11, 11, 11], [10, 11, 11, 11]])
    np.testing.assert_array_equal(cut(image, (2, 2, 4, 6), False), [[10, 11, 0, 0], [0, 0, 0, 0]])
    assert cut(np.zeros((3, 4, 3)), (0, 0, 5, 5)).shape == (5, 5, 3)


def test_tiles_that_no_memory_holds() -> None:
    with pytest.raises(UserError, match='tiles of 1000000 pixels are too large'):
        tile_starts(64, 1_000_000, 'pad')
    assert tile_starts(64, 2**14, 'pad') == [0]
    assert tile_starts(100_000, 50_000) == [0, 50_000]  # no image is padded

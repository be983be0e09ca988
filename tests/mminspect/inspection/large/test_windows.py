"""Windows cover the image with the wanted overlap."""
import numpy as np
import pytest

from mminspect.core.errors import UserError
from mminspect.inspection.large import plan_windows


@pytest.mark.parametrize(('shape', 'tile', 'overlap'), [((100, 333), 64, 8), ((64, 64), 64, 8), ((65, 200), 64, 0),
                                                        ((40, 200), 64, 16), ((10, 12), 64, None)])
def test_every_pixel_lies_in_a_window_of_the_same_size(shape, tile, overlap) -> None:
    windows = plan_windows(shape, tile, overlap)
    count = np.zeros(shape, int)
    for y0, x0, y1, x1 in windows:
        assert (y1 - y0, x1 - x0) == (tile, tile) and y0 < shape[0] and x0 < shape[1]
        count[y0:y1, x0:x1] += 1
    assert count.min() >= 1


def test_an_object_as_large_as_the_overlap_lies_whole_in_a_window() -> None:
    windows = plan_windows((150, 210), 64)
    for y in range(150 - 8 + 1):
        for x in range(0, 210 - 8 + 1, 3):
            assert any(y0 <= y and x0 <= x and y + 8 <= y1 and x + 8 <= x1 for y0, x0, y1, x1 in windows)


def test_sizes_of_the_field() -> None:
    # ceil((4000 - 128) / 896) x ceil((18000 - 128) / 896)
    assert len(plan_windows((4000, 18000), 1024)) == 5 * 20
    assert len(plan_windows((3000, 4096), 1024, 0)) == 3 * 4


@pytest.mark.parametrize(('tile', 'overlap', 'words'), [(0, None, 'at least one pixel'), (64, 64, 'cannot overlap')])
def test_senseless_windows(tile, overlap, words) -> None:
    with pytest.raises(UserError, match=words):
        plan_windows((100, 100), tile, overlap)

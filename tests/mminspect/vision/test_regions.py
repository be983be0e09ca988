"""Regions of a map, against scipy's labels."""
import numpy as np
import pytest
from scipy import ndimage

from mminspect.vision.regions import find_regions


def labelled(heat, limit):
    """(box, score) of each part, from scipy's labels."""
    parts, _ = ndimage.label(heat > limit, structure=np.ones((3, 3)))
    return [((x.start, y.start, x.stop, y.stop), heat[y, x].max()) for y, x in ndimage.find_objects(parts)]


@pytest.mark.parametrize('share', [0.02, 0.1, 0.3, 0.6])
def test_regions_are_those_of_scipy(share):
    heat = np.random.default_rng(0).random((60, 90)).astype(np.float32)
    limit = 1 - share
    found = find_regions(heat, limit)
    expected = labelled(heat, limit)
    assert len(expected) > (0 if share > 0.5 else 5)
    assert sorted(zip(map(tuple, found.boxes.tolist()), found.scores.tolist(), strict=True)) == sorted(
        (tuple(map(float, box)), float(score)) for box, score in expected)
    assert (np.diff(found.scores) <= 0).all()
    assert found.boxes.dtype == np.float32 and found.scores.dtype == np.float32 and found.labels.dtype == np.int64
    assert found.labels.tolist() == [0] * len(expected)


def test_a_part_inside_the_hole_of_another_is_a_part():
    heat = np.zeros((20, 30), np.float32)
    heat[2:15, 3:20] = 2
    heat[4:13, 5:18] = 0
    heat[8, 10] = 1
    found = find_regions(heat, 0.5)
    assert found.boxes.tolist() == [[3, 2, 20, 15], [10, 8, 11, 9]]
    assert found.scores.tolist() == [2, 1]


def test_pixels_that_touch_at_a_corner_and_the_border_of_the_map():
    heat = np.zeros((5, 6), np.float32)
    heat[0, 0] = heat[1, 1] = 1
    heat[4, 5] = 3
    assert find_regions(heat, 0.5).boxes.tolist() == [[5, 4, 6, 5], [0, 0, 2, 2]]


def test_the_limit_itself_is_normal():
    heat = np.full((4, 4), 0.5, np.float32)
    assert find_regions(heat, 0.5).boxes.shape == (0, 4)
    assert find_regions(heat, 0.49).boxes.tolist() == [[0, 0, 4, 4]]

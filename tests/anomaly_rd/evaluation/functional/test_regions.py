"""Regions against scipy."""
import numpy as np
from scipy.ndimage import label

from anomaly_rd.evaluation.functional import label_regions


def test_equals_scipy_with_eight_neighbours():
    mask = np.random.rand(40, 33) < 0.3
    labels, sizes = label_regions(mask * 255)
    expected, count = label(mask, np.ones((3, 3)))
    assert len(sizes) == count > 10
    assert np.array_equal(labels > 0, mask)
    pairs = set(zip(labels[mask].tolist(), expected[mask].tolist(), strict=True))
    assert len(pairs) == count  # one of ours for one of theirs
    assert sizes.tolist() == [(labels == k + 1).sum() for k in range(count)]


def test_no_region():
    labels, sizes = label_regions(np.zeros((4, 5)))
    assert labels.shape == (4, 5) and len(sizes) == 0

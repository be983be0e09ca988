"""Recall by size on regions counted by hand."""
import numpy as np
import pytest

from anomaly_rd.evaluation.functional import recall_by_size


def scene() -> tuple[np.ndarray, np.ndarray]:
    """Regions of 1 pixel (missed), 2x2 (half found), 9x9 (found), 4x20 (side 8.9, 39 of 80 found)."""
    mask, scores = np.zeros((2, 64, 64), bool), np.zeros((2, 64, 64))
    mask[0, 2, 2] = True
    mask[0, 10:12, 10:12] = True
    scores[0, 10, 10:12] = 1
    mask[0, 20:29, 20:29] = True
    scores[0, 20:29, 20:29] = 1
    mask[1, 30:34, 30:50] = True
    scores[1, 30:34, 30:50].flat[:39] = 1
    return scores, mask


def test_at_least_half_of_a_region_must_be_found():
    scores, mask = scene()
    recall = recall_by_size(scores, mask, threshold=0.5)
    assert list(recall) == ['recall_0_8', 'recall_8_16', 'recall_16_32', 'recall_32_up']
    assert recall['recall_0_8'] == 0.5 and recall['recall_8_16'] == 0.5
    assert np.isnan(recall['recall_16_32']) and np.isnan(recall['recall_32_up'])
    scores[1, 33, 49] = 1  # the 40th of 80
    assert recall_by_size(scores, mask, threshold=0.5)['recall_8_16'] == 1


def test_threshold_is_the_lowest_score_within_the_false_positive_rate():
    mask = np.zeros((1, 10, 10), bool)
    mask[0, 9] = True  # 10 pixels: side 3.2
    scores = np.arange(100.0).reshape(1, 10, 10)
    scores[0, 9] = 85.5  # below the normal pixels 86, 87, 88, 89
    assert recall_by_size(scores, mask, fpr=4 / 90)['recall_0_8'] == 1
    assert recall_by_size(scores, mask, fpr=3.9 / 90)['recall_0_8'] == 0
    scores[0, 9] = 95
    assert recall_by_size(scores, mask, fpr=0)['recall_0_8'] == 1


def test_edges_are_lower_ends():
    mask = np.zeros((1, 40, 40))
    mask[0, :4, :4] = 1
    recall = recall_by_size(mask, mask, threshold=1, edges=(2, 4, 7.5))
    assert {k: v for k, v in recall.items() if not np.isnan(v)} == {'recall_4_7.5': pytest.approx(1)}

"""Suppression against a loop over all boxes, written from the definition."""
import numpy as np
import pytest

from mminspect.inspection.spec import Suppression
from mminspect.inspection.suppression import suppress
from mminspect.vision.boxes import ScoredBoxes

LIMITS = dict(level_sizes=(150, 50, 1), score_thr=0.3, nms_pre=120, iou_threshold=0.4, max_per_img=80)
SHAPE, SCALE = (50, 90), (0.5, 0.75)


def candidates(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """201 boxes in and beyond an input of 64x96 pixels, and their scores for three classes."""
    rng = np.random.default_rng(seed)
    corner, side = rng.uniform(-20, 90, (201, 2)), rng.uniform(1, 40, (201, 2))
    return np.hstack([corner, corner + side]).astype(np.float32), rng.random((201, 3), np.float32)


def iou(a: tuple, b: tuple) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def by_loops(boxes: np.ndarray, scores: np.ndarray, limits: Suppression) -> list[tuple]:
    """(score, label, box) of what remains, best first."""
    found, start = [], 0
    for size in limits.level_sizes:
        pairs = [(float(scores[row, label]), row, label) for row in range(start, start + size) for label in range(3)]
        best = sorted((p for p in pairs if p[0] > limits.score_thr), reverse=True)[:limits.nms_pre]
        found += [(score, label, [float(v) for v in boxes[row]]) for score, row, label in best]
        start += size
    kept = []
    for score, label, (x0, y0, x1, y1) in sorted(found, reverse=True):
        if limits.clip:
            x0, x1 = (min(max(x, 0), SHAPE[1]) for x in (x0, x1))
            y0, y1 = (min(max(y, 0), SHAPE[0]) for y in (y0, y1))
        box = (x0 / SCALE[1], y0 / SCALE[0], x1 / SCALE[1], y1 / SCALE[0])
        if min(box[2] - box[0], box[3] - box[1]) <= limits.min_size:
            continue
        if not any(other == label and iou(box, place) > limits.iou_threshold for _, other, place in kept):
            kept.append((score, label, box))
    return kept[:limits.max_per_img]


@pytest.mark.parametrize('change', [
    {}, dict(clip=False), dict(min_size=12.0), dict(nms_pre=10), dict(max_per_img=7), dict(score_thr=0.9),
    dict(iou_threshold=0.0), dict(max_per_img=1000)
], ids=str)
def test_as_by_loops(change: dict) -> None:
    boxes, scores = candidates()
    limits = Suppression(**{**LIMITS, **change})
    found = suppress(boxes, scores, limits, SHAPE, SCALE)
    expected = by_loops(boxes, scores, limits)
    assert 3 <= len(expected) == len(found.boxes)
    assert found.labels.tolist() == [label for _, label, _ in expected]
    np.testing.assert_allclose(found.scores, [score for score, _, _ in expected], rtol=1e-6)
    np.testing.assert_allclose(found.boxes, [box for *_, box in expected], atol=1e-3)
    assert (found.boxes.dtype, found.scores.dtype, found.labels.dtype) == (np.float32, np.float32, np.int64)


def test_every_limit_matters() -> None:
    """Otherwise the comparison above would not see it missing."""
    boxes, scores = candidates()
    whole = by_loops(boxes, scores, Suppression(**LIMITS))
    for change in (dict(clip=False), dict(min_size=12.0), dict(nms_pre=10), dict(score_thr=0.9), dict(max_per_img=7),
                   dict(iou_threshold=0.9)):
        assert by_loops(boxes, scores, Suppression(**{**LIMITS, **change})) != whole, change


def test_an_overlap_at_the_threshold_remains() -> None:
    """6 of 10 columns in common is an IoU of exactly 0.6; classes do not suppress each other."""
    boxes = np.array([[0, 0, 10, 10], [0, 0, 6, 10], [0, 0, 10, 10]], np.float32)
    scores = np.array([[0.9, 0], [0.8, 0], [0, 0.7]], np.float32)
    limits = Suppression(level_sizes=(3,), score_thr=0.1, nms_pre=10, iou_threshold=0.6, max_per_img=10)
    assert len(suppress(boxes, scores, limits, (10, 10), (1.0, 1.0)).boxes) == 3
    boxes[1, 2] = 6.01
    assert suppress(boxes, scores, limits, (10, 10), (1.0, 1.0)).labels.tolist() == [0, 1]


def test_boxes_beyond_the_left_border_stay_with_their_class() -> None:
    """Unclipped boxes have negative coordinates, which must not bring classes together."""
    boxes = np.array([[90, 0, 100, 10], [-11, 0, -1, 10]], np.float32)
    limits = Suppression(level_sizes=(2,), score_thr=0.1, nms_pre=10, iou_threshold=0.5, max_per_img=10, clip=False)
    found = suppress(boxes, np.array([[0.9, 0], [0, 0.8]], np.float32), limits, (10, 100), (1.0, 1.0))
    np.testing.assert_array_equal(found.boxes, boxes)


def test_nothing_found_and_input_left_alone() -> None:
    boxes, scores = candidates()
    copies = boxes.copy(), scores.copy()
    found = suppress(boxes, scores, Suppression(**{**LIMITS, 'score_thr': 1.0}), SHAPE, SCALE)
    for have, want in zip((found.boxes, found.scores, found.labels), ScoredBoxes.none(), strict=True):
        assert have.shape == want.shape and have.dtype == want.dtype
    suppress(boxes, scores, Suppression(**LIMITS), SHAPE, SCALE)
    assert np.array_equal(boxes, copies[0]) and np.array_equal(scores, copies[1])

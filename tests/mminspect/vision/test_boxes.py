"""Every object once, whichever windows saw it."""
import numpy as np
import pytest
import torch
from torchvision.ops import batched_nms

from mminspect.vision.boxes import ScoredBoxes, class_wise_nms, merge_windows
from mminspect.vision.tiling import tile_boxes

SHAPE = (100, 220)


def seen(objects: np.ndarray, labels: np.ndarray, windows: list) -> list[ScoredBoxes]:
    """What a perfect detector finds in each window: the visible part of every object of at least 2x2 pixels."""
    found = []
    for y0, x0, y1, x1 in windows:
        parts = (objects.clip([x0, y0] * 2, [x1, y1] * 2) - np.array([x0, y0] * 2)).astype(np.float32)
        visible = ((parts[:, 2:] - parts[:, :2]) >= 2).all(axis=1)
        areas = (parts[:, 2:] - parts[:, :2]).prod(axis=1)
        whole = (objects[:, 2:] - objects[:, :2]).prod(axis=1)
        scores = (0.5 + 0.4 * areas / whole).astype(np.float32)
        found.append(ScoredBoxes(parts[visible], scores[visible], labels[visible]))
    return found


def test_objects_anywhere_are_found_once_and_whole() -> None:
    rng = np.random.default_rng(0)
    windows = tile_boxes(*SHAPE, 64, overlap=16)
    for _ in range(100):
        size = rng.integers(4, 16, size=2)
        corner = rng.integers(0, [SHAPE[1] - size[0], SHAPE[0] - size[1]])
        box = np.concatenate([corner, corner + size]).astype(np.float32)[None]
        found = merge_windows(seen(box, np.zeros(1, np.int64), windows), windows, SHAPE, 0.6, 100)
        np.testing.assert_array_equal(found.boxes, box)
        assert found.scores.tolist() == pytest.approx([0.9])


def test_neighbours_and_other_classes_stay() -> None:
    boxes = np.array([[50, 10, 60, 20], [61, 10, 71, 20], [50, 10, 60, 20], [100, 50, 210, 60]], np.float32)
    labels, windows = np.array([0, 0, 1, 0]), tile_boxes(*SHAPE, 64, overlap=24)
    found = merge_windows(seen(boxes, labels, windows), windows, SHAPE, 0.6, 100)
    assert {(*box, label) for box, label in zip(found.boxes.tolist(), found.labels.tolist(), strict=True)} >= {
        (*box, label) for box, label in zip(boxes[:3].tolist(), labels[:3].tolist(), strict=True)}


def test_object_larger_than_every_window_keeps_its_parts() -> None:
    box, windows = np.array([[10, 10, 200, 30]], np.float32), tile_boxes(*SHAPE, 64, overlap=16)
    found = merge_windows(seen(box, np.zeros(1, np.int64), windows), windows, SHAPE, 0.6, 100)
    assert len(found.boxes) > 1 and found.boxes[:, 0].min() == 10 and found.boxes[:, 2].max() == 200


def test_the_padding_holds_nothing_and_the_number_is_limited() -> None:
    windows = tile_boxes(40, 40, 64, 'pad')
    boxes = np.array([[50, 50, 60, 60], [35, 35, 60, 60], [1, 1, 9, 9]], np.float32)
    one = ScoredBoxes(boxes, np.array([0.9, 0.8, 0.7], np.float32), np.zeros(3, np.int64))
    found = merge_windows([one], windows, (40, 40), 0.6, 100)
    np.testing.assert_array_equal(found.boxes, [[35, 35, 40, 40], [1, 1, 9, 9]])
    assert len(merge_windows([one], windows, (40, 40), 0.6, 1).boxes) == 1


def test_suppression_against_a_loop() -> None:
    rng = np.random.default_rng(1)
    corners = rng.uniform(0, 40, (200, 2))
    boxes = np.hstack([corners, corners + rng.uniform(4, 20, (200, 2))]).astype(np.float32)
    scores, labels = rng.permutation(200).astype(np.float32), rng.integers(0, 3, 200)
    kept = []
    for i in np.argsort(-scores):
        overlaps = []
        for j in kept:
            sides = np.minimum(boxes[i, 2:], boxes[j, 2:]) - np.maximum(boxes[i, :2], boxes[j, :2])
            inside = max(sides[0], 0) * max(sides[1], 0)
            areas = [np.prod(boxes[k, 2:] - boxes[k, :2]) for k in (i, j)]
            overlaps.append(labels[i] == labels[j] and inside / (sum(areas) - inside) > 0.5)
        if not any(overlaps):
            kept.append(i)
    assert 3 < len(kept) < 200
    assert class_wise_nms(boxes, scores, labels, 0.5).tolist() == kept


@pytest.mark.parametrize('limit', [0.0, 0.3, 0.6, 1.0])
def test_suppression_against_torchvision(limit: float) -> None:
    rng = np.random.default_rng(2)
    corners = rng.integers(0, 20, (300, 2))  # whole numbers: many equal overlaps, on the limit too
    boxes = np.hstack([corners, corners + rng.integers(0, 9, (300, 2))]).astype(np.float32)
    scores, labels = rng.uniform(size=300).astype(np.float32), rng.integers(0, 4, 300)
    expected = batched_nms(torch.from_numpy(boxes), torch.from_numpy(scores), torch.from_numpy(labels),
                           float(np.float32(limit)))
    assert class_wise_nms(boxes, scores, labels, limit).tolist() == expected.tolist()


def test_nothing_found() -> None:
    windows = tile_boxes(*SHAPE, 64)
    assert len(merge_windows([ScoredBoxes.none()] * len(windows), windows, SHAPE, 0.6, 10).boxes) == 0

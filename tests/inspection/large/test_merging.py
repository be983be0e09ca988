"""Every object once, whichever windows saw it."""
import numpy as np
import pytest
from inspection.large.merging import merge_detections
from inspection.large.windows import plan_windows
from inspection.result import Detections

SHAPE = (100, 220)


def seen(objects: np.ndarray, labels: np.ndarray, windows: list) -> list[Detections]:
    """What a perfect detector finds in each window: the visible part of every object of at least 2x2 pixels."""
    found = []
    for y0, x0, y1, x1 in windows:
        parts = (objects.clip([x0, y0] * 2, [x1, y1] * 2) - np.array([x0, y0] * 2)).astype(np.float32)
        visible = ((parts[:, 2:] - parts[:, :2]) >= 2).all(axis=1)
        areas = (parts[:, 2:] - parts[:, :2]).prod(axis=1)
        whole = (objects[:, 2:] - objects[:, :2]).prod(axis=1)
        scores = (0.5 + 0.4 * areas / whole).astype(np.float32)
        found.append(Detections(parts[visible], scores[visible], labels[visible]))
    return found


def test_objects_anywhere_are_found_once_and_whole() -> None:
    rng = np.random.default_rng(0)
    windows = plan_windows(SHAPE, 64, 16)
    for _ in range(100):
        size = rng.integers(4, 16, size=2)
        corner = rng.integers(0, [SHAPE[1] - size[0], SHAPE[0] - size[1]])
        box = np.concatenate([corner, corner + size]).astype(np.float32)[None]
        found = merge_detections(seen(box, np.zeros(1, np.int64), windows), windows, SHAPE, 0.6, 100)
        np.testing.assert_array_equal(found.boxes, box)
        assert found.scores.tolist() == pytest.approx([0.9])


def test_neighbours_and_other_classes_stay() -> None:
    boxes = np.array([[50, 10, 60, 20], [61, 10, 71, 20], [50, 10, 60, 20], [100, 50, 210, 60]], np.float32)
    labels, windows = np.array([0, 0, 1, 0]), plan_windows(SHAPE, 128, 16)
    found = merge_detections(seen(boxes, labels, windows), windows, SHAPE, 0.6, 100)
    assert {(*box, label) for box, label in zip(found.boxes.tolist(), found.labels.tolist(), strict=True)} >= {
        (*box, label) for box, label in zip(boxes[:3].tolist(), labels[:3].tolist(), strict=True)}


def test_object_larger_than_every_window_keeps_its_parts() -> None:
    box, windows = np.array([[10, 10, 200, 30]], np.float32), plan_windows(SHAPE, 64, 16)
    found = merge_detections(seen(box, np.zeros(1, np.int64), windows), windows, SHAPE, 0.6, 100)
    assert len(found.boxes) > 1 and found.boxes[:, 0].min() == 10 and found.boxes[:, 2].max() == 200


def test_the_padding_holds_nothing_and_the_number_is_limited() -> None:
    windows = plan_windows((40, 40), 64)
    boxes = np.array([[50, 50, 60, 60], [35, 35, 60, 60], [1, 1, 9, 9]], np.float32)
    one = Detections(boxes, np.array([0.9, 0.8, 0.7], np.float32), np.zeros(3, np.int64))
    found = merge_detections([one], windows, (40, 40), 0.6, 100)
    np.testing.assert_array_equal(found.boxes, [[35, 35, 40, 40], [1, 1, 9, 9]])
    assert len(merge_detections([one], windows, (40, 40), 0.6, 1).boxes) == 1


def test_nothing_found() -> None:
    windows = plan_windows(SHAPE, 64)
    assert len(merge_detections([Detections.none()] * len(windows), windows, SHAPE, 0.6, 10).boxes) == 0

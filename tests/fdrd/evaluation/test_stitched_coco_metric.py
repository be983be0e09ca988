"""Tiles of images give the metrics of the images."""
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from fdrd.evaluation import InspectionCocoMetric, StitchedCocoMetric
from mminspect.core.errors import UserError
from mminspect.vision.tiling import tile_boxes

SHAPE, META = (100, 150), dict(classes=('spot', 'hair'))


@pytest.fixture
def truth(tmp_path: Path) -> tuple[str, dict[int, np.ndarray], dict[int, np.ndarray]]:
    """Annotations of two images: file, boxes and labels by image."""
    rng, boxes, labels, annotations = np.random.default_rng(0), {}, {}, []
    for image in (3, 5):
        grid = np.stack(np.meshgrid(np.arange(4, 130, 20), np.arange(4, 80, 20)), -1).reshape(-1, 2)
        corners = grid[rng.permutation(len(grid))[:8]] + rng.integers(0, 4, (8, 2))
        boxes[image] = np.hstack([corners, corners + rng.integers(6, 15, (8, 2))]).astype(np.float32)
        labels[image] = rng.integers(0, 2, 8)
        annotations += [dict(id=len(annotations) + 1 + i, image_id=image, category_id=int(label) + 1, iscrowd=0,
                             bbox=[float(v) for v in (*box[:2], *(box[2:] - box[:2]))],
                             area=float(np.prod(box[2:] - box[:2])))
                        for i, (box, label) in enumerate(zip(boxes[image], labels[image], strict=True))]
    images = [dict(id=i, file_name=f'{i}.png', height=SHAPE[0], width=SHAPE[1]) for i in boxes]
    path = tmp_path / 'truth.json'
    path.write_text(json.dumps(dict(images=images, annotations=annotations,
                                    categories=[dict(id=1, name='spot'), dict(id=2, name='hair')])))
    return str(path), boxes, labels


def sample(image: int, boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray, **more) -> dict:
    found = dict(bboxes=torch.from_numpy(boxes), scores=torch.from_numpy(scores), labels=torch.from_numpy(labels))
    return dict(img_id=image, ori_shape=SHAPE, pred_instances=found, **more)


def tiles_of(image: int, boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray) -> list[dict]:
    """What each tile shows of the detections; those that are cut off have a lower score."""
    tiles = []
    for y0, x0, y1, x1 in tile_boxes(*SHAPE, 64, overlap=16):
        parts = boxes.clip([x0, y0] * 2, [x1, y1] * 2) - np.float32([x0, y0] * 2)
        share = (parts[:, 2:] - parts[:, :2]).prod(axis=1) / (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
        seen = share > 0
        tiles.append(sample(image, parts[seen].astype(np.float32), (scores * share)[seen].astype(np.float32),
                            labels[seen], tile=(y0, x0, y1, x1), scan_shape=SHAPE))
    return tiles


def test_metrics_are_those_of_the_images(truth) -> None:
    path, boxes, labels = truth
    rng = np.random.default_rng(1)
    whole, stitched = InspectionCocoMetric(ann_file=path), StitchedCocoMetric(ann_file=path)
    whole.dataset_meta = stitched.dataset_meta = META
    for image, found in boxes.items():
        scores = rng.uniform(0.5, 1, 8).astype(np.float32)
        guessed = (found + rng.uniform(-1, 1, found.shape)).astype(np.float32)
        names = labels[image] ^ (np.arange(8) == 0)  # one is taken for the other class
        guessed = guessed.clip(0, [SHAPE[1], SHAPE[0]] * 2).astype(np.float32)
        whole.process({}, [sample(image, guessed, scores, names)])
        for tile in tiles_of(image, guessed, scores, names):
            stitched.process({}, [tile])
    expected, found = whole.evaluate(2), stitched.evaluate(12)
    assert 0.2 < expected['coco/bbox_mAP'] < 1
    assert found == pytest.approx(expected)


def test_mistakes(truth, monkeypatch) -> None:
    with pytest.raises(UserError, match='needs ann_file'):
        StitchedCocoMetric()
    metric = StitchedCocoMetric(ann_file=truth[0])
    with pytest.raises(UserError, match='image 3 is no tile'):
        metric.process({}, [sample(3, np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))])
    monkeypatch.setattr('fdrd.evaluation.stitched_coco_metric.get_dist_info', lambda: (0, 2))
    with pytest.raises(UserError, match='one process only'):
        metric.evaluate(1)

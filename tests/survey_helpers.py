"""Small rendered sets for the survey: parts on a fixture, their copies, and configs of both halves that name them."""
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from anomaly_helpers import RD4AD
from mminspect.survey.copies import Copies, find_copies, projection, sketch
from mminspect.survey.measures import measure
from mminspect.vision.reading import Reading


def part(seed: int, side: int = 256, noise: float = 4.0, level: float = 0.0) -> np.ndarray:
    """(side, side, 3) uint8: always the same part at the same place; sensor noise alone differs."""
    y, x = np.mgrid[:side, :side] / side
    picture = 90 + 40 * x + 60 * ((x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.1) - 50 * (abs(x - 0.5) < 0.03) + level
    grain = np.random.default_rng(seed).normal(0, noise, (side, side, 3))
    return np.clip(picture[..., None] + grain, 0, 255).round().astype(np.uint8)


def scene(seed: int, side: int = 256) -> np.ndarray:
    """(side, side, 3) uint8 that looks like no other seed's: smooth colours and a rectangle."""
    rng = np.random.default_rng(seed)
    picture = cv2.resize(rng.uniform(40, 210, (6, 6, 3)), (side, side), interpolation=cv2.INTER_CUBIC)
    x, y = rng.integers(0, side // 2, 2)
    picture[y:y + side // 4, x:x + side // 4] = rng.uniform(0, 255, 3)
    return np.clip(picture + rng.normal(0, 2, picture.shape), 0, 255).round().astype(np.uint8)


def save(pixels: np.ndarray, path: Path, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def copies(paths: list[Path], reading: Reading | None = None) -> Copies:
    """What is found among files."""
    reading = reading or Reading()
    measured = [measure(str(path), reading) for path in paths]
    sketches = sketch(np.stack([small for _, small in measured]), projection())
    return find_copies(sketches, [figures.digest for figures, _ in measured], list(map(str, paths)),
                       [reading.read] * len(paths))


def anomaly_set(root: Path, draw: Callable[[int], np.ndarray] = scene, counts: tuple[int, int, int] = (10, 8, 8),
                level: int = 0, suffix: str = '.png') -> Path:
    """A folder of good images for training, good and scratched ones for the test, with masks; the scratched ones are
    ``level`` brighter."""
    train, good, bad = counts
    for number in range(train):
        save(draw(number), root / 'train' / 'good' / f'{number:03}{suffix}')
    for number in range(good):
        save(draw(100 + number), root / 'test' / 'good' / f'{number:03}{suffix}')
    for number in range(bad):
        picture = draw(200 + number).astype(int)
        mask = np.zeros(picture.shape[:2], np.uint8)
        mask[60:68, 40:104] = 255
        picture[mask > 0] = 255 - picture[mask > 0]
        save(np.clip(picture + level, 0, 255).astype(np.uint8), root / 'test' / 'scratch' / f'{number:03}{suffix}')
        save(mask, root / 'ground_truth' / 'scratch' / f'{number:03}_mask.png')
    return root


def anomaly_config(root: Path, path: Path, size: int = 128) -> Path:
    """A config of RD4AD on a folder."""
    path.write_text(f'''_base_ = '{RD4AD}'
pipeline = [dict(type='LoadInspectionImage'), dict(type='ResizeInspection', size=({size}, {size})),
            dict(type='PackAnomalyInputs')]
dataset = dict(_delete_=True, type='FolderDataset', data_root={str(root)!r}, split='train', pipeline=pipeline)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dict(dataset, split='test'))
test_dataloader = val_dataloader
''')
    return path


def coco_set(root: Path, name: str, pictures: dict[str, np.ndarray], boxes: dict[str, list[list[float]]]) -> Path:
    """Images in ``root/NAME`` with boxes (x, y, w, h) of one class, 'hair', and ``root/NAME.json``."""
    images, annotations = [], []
    for number, (file, pixels) in enumerate(pictures.items(), 1):
        save(pixels, root / name / file)
        images.append(dict(id=number, file_name=file, height=pixels.shape[0], width=pixels.shape[1]))
        annotations += [dict(id=len(annotations) + k, image_id=number, category_id=1, bbox=box, iscrowd=0,
                             area=box[2] * box[3]) for k, box in enumerate(boxes.get(file, ()), 1)]
    path = root / f'{name}.json'
    path.write_text(json.dumps(dict(images=images, annotations=annotations,
                                    categories=[dict(id=1, name='hair')])))
    return path


def detection_config(root: Path, path: Path, scale: int = 128) -> Path:
    """A config of GFL on ``train.json`` and ``val.json`` of a folder."""
    path.write_text(f'''_base_ = ['mminspect::fdrd/_base_/gfl_r18.py', 'mminspect::_base_/datasets/coco_detection.py',
          'mminspect::_base_/schedules/48e.py', 'mminspect::_base_/default_runtime.py']
resize = dict(type='Resize', scale=({scale}, {scale}), keep_ratio=True)
mine = dict(data_root={f"{root}/"!r}, metainfo=dict(classes=('hair', )))
steps = [_base_.load_image, _base_.load_boxes, resize, _base_.flip, _base_.pack]
tests = [_base_.load_image, resize, _base_.load_boxes, _base_.pack_test]
train_dataloader = dict(dataset=dict(mine, ann_file='train.json', data_prefix=dict(img='train/'), pipeline=steps))
val_dataloader = dict(dataset=dict(mine, ann_file='val.json', data_prefix=dict(img='val/'), pipeline=tests))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file={f"{root}/val.json"!r})
test_evaluator = val_evaluator
model = dict(bbox_head=dict(num_classes=1))
''')
    return path

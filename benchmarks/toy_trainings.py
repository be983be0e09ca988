"""Trainings of seconds for benchmarks that interrupt them: a detection, a distillation and an anomaly model.

Their configs inherit those of the demo and differ in size alone; every epoch is validated and saved, so that a moment
taken at random hits everything.
"""
from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from common import ROOT

#: One thread, so that sums have one order and a processor is enough.
VARIABLES = dict(OMP_NUM_THREADS='1', MKL_NUM_THREADS='1', OPENBLAS_NUM_THREADS='1', PYTHONWARNINGS='ignore',
                 PYTHONPATH=str(ROOT / 'projects'))
EPOCHS = 6
_DETECTION = """
_base_ = [{base!r}]
model = dict(
    backbone=dict(base_channels={width}),
    neck=dict(in_channels=[{width}, {width} * 2, {width} * 4, {width} * 8]))
train_cfg = dict(max_epochs={epochs}, val_interval=1)
train_dataloader = dict(batch_size=4, num_workers={workers}, dataset=dict(data_root={data!r}))
val_dataloader = dict(num_workers=0, dataset=dict(data_root={data!r}))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file={data!r} + 'annotations/val.json')
test_evaluator = val_evaluator
default_hooks = dict(logger=dict(interval=1))
"""
_DISTILLATION = _DETECTION + """
model.update(teacher_config={teacher!r}, teacher_ckpt={weights!r})
"""
_ANOMALY = """
_base_ = [{base!r}]
model = dict(
    teacher=dict(
        _delete_=True, type='BackboneTeacher', block='basic', depth=18,
        backbone=dict(type='mmpretrain.ResNet', depth=18, stem_channels=8, base_channels=8, out_indices=(0, 1, 2),
                      zero_init_residual=False)),
    decoder=dict(blocks=(2, 1, 1)))
pipeline = [dict(type='LoadInspectionImage'), dict(type='ResizeInspection', size=(64, 64)),
            dict(type='PackAnomalyInputs')]
train_cfg = dict(max_epochs={epochs}, val_interval=1)
train_dataloader = dict(batch_size=4, dataset=dict(data_root={data!r}, pipeline=pipeline))
val_dataloader = dict(batch_size=1, dataset=dict(data_root={data!r}, pipeline=pipeline))
test_dataloader = val_dataloader
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval=1))
"""


def write(folder: Path, epochs: int = EPOCHS) -> dict[str, Path]:
    """Pictures, teacher and configs; returns the config of every training by its name."""
    detection, textures = folder / 'detection', folder / 'textures'
    write_detection(detection)
    write_textures(textures)
    demo = ROOT / 'configs' / 'fdrd' / 'demo'
    slim = str(demo / 'gfl_r18_slim_12e_vials.py')
    more = dict(data=f'{detection}/', epochs=epochs)
    texts = {
        'teacher': _DETECTION.format(base=slim, width=32, workers=0, **more),
        'detection': _DETECTION.format(base=slim, width=16, workers=1, **more),
        'distillation': _DISTILLATION.format(base=str(demo / 'fdrd_gfl_r18_slim_12e_vials.py'), width=16, workers=0,
                                             teacher=str(folder / 'teacher.py'), weights=str(folder / 'teacher.pth'),
                                             **more),
        'anomaly': _ANOMALY.format(base=str(ROOT / 'configs/anomaly_rd/demo/rd4ad_r18_10e_textures.py'),
                                   data=f'{textures}/', epochs=epochs)}
    for name, text in texts.items():
        (folder / f'{name}.py').write_text(text)
    weights = [sys.executable, '-W', 'ignore', str(ROOT / 'benchmarks' / 'initial_weights.py'),
               str(folder / 'teacher.py'), str(folder / 'teacher.pth')]
    subprocess.run(weights, check=True, env={**os.environ, **VARIABLES}, stdout=subprocess.DEVNULL)
    return {name: folder / f'{name}.py' for name in ('detection', 'distillation', 'anomaly')}


def write_detection(folder: Path, count: int = 8) -> None:
    """COCO: noise with bright boxes, for training and validation."""
    rng = np.random.default_rng(0)
    for part in ('train', 'val'):
        (folder / 'images' / part).mkdir(parents=True)
        (folder / 'annotations').mkdir(exist_ok=True)
        images, annotations = [], []
        for number in range(1, count + 1):
            picture = rng.integers(0, 120, (68, 160, 3), dtype=np.uint8)
            x, y, width, height = (int(value) for value in rng.integers((4, 4, 16, 16), (120, 40, 32, 24)))
            picture[y:y + height, x:x + width] = 230
            cv2.imwrite(str(folder / 'images' / part / f'{number}.png'), picture)
            images.append(dict(id=number, file_name=f'{number}.png', width=160, height=68))
            annotations.append(dict(id=number, image_id=number, category_id=1, bbox=[x, y, width, height],
                                    area=width * height, iscrowd=0))
        content = dict(images=images, annotations=annotations, categories=[dict(id=1, name='foreign')])
        (folder / 'annotations' / f'{part}.json').write_text(json.dumps(content))


def write_textures(folder: Path, count: int = 12) -> None:
    """Good pictures, and good and defective ones for the test."""
    rng = np.random.default_rng(1)
    for place, number, defective in (('train/good', count, False), ('test/good', 3, False), ('test/hole', 3, True)):
        (folder / 'weave' / place).mkdir(parents=True)
        for index in range(number):
            picture = rng.integers(90, 120, (64, 64), dtype=np.uint8)
            if defective:
                picture[20:30, 24:40] = 250
            cv2.imwrite(str(folder / 'weave' / place / f'{index}.png'), picture)
    masks = folder / 'weave' / 'ground_truth' / 'hole'
    masks.mkdir(parents=True)
    mask = np.zeros((64, 64), np.uint8)
    mask[20:30, 24:40] = 255
    for index in range(3):
        cv2.imwrite(str(masks / f'{index}_mask.png'), mask)


def tool(name: str, *arguments: object) -> list[str]:
    """The command line of a tool of this checkout."""
    return [sys.executable, '-W', 'ignore', str(ROOT / 'tools' / f'{name}.py'), *map(str, arguments)]


def environment(**more: str) -> Mapping[str, str]:
    """Variables for the tools."""
    return {**os.environ, **VARIABLES, **more}

"""A model whose anomaly map is the brightness of the image, a data set of a few tiny images, and a run of both."""
from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.config import Config
from torch import Tensor, nn
from torch.nn import functional

import anomaly_rd.datasets
import anomaly_rd.engine
import anomaly_rd.evaluation  # noqa: F401 (these and the next register what the configs below name)
import mminspect.engine  # noqa: F401
from anomaly_rd.models.data_preprocessor import AnomalyDataPreprocessor  # noqa: F401
from anomaly_rd.registry import MODELS
from mminspect.models.anomaly_data_sample import AnomalyDataSample
from mminspect.models.anomaly_model import AnomalyModel, Maps

SIDE = 32
PIPELINE = [dict(type='LoadInspectionImage'), dict(type='ResizeInspection', size=(SIDE, SIDE)),
            dict(type='PackAnomalyInputs')]


@MODELS.register_module()
class Brightness(AnomalyModel):
    """Map = gain * brightness (0..1); the loss draws ``gain`` towards ``target``; ``noise`` adds random numbers to it.

    ``seen_modes`` records (mode, training) of every call.
    """

    def __init__(self, gain: float = 1.0, target: float = 1.0, noise: float = 0.0,
                 data_preprocessor: dict | None = None) -> None:
        super().__init__(data_preprocessor)
        self.gain, self.dropout = nn.Parameter(torch.tensor(gain)), nn.Dropout()
        self.target, self.noise = target, noise
        self.seen_modes: list[tuple[str, bool]] = []

    def forward(self, inputs: Tensor, data_samples: list[AnomalyDataSample] | None = None, mode: str = 'tensor') -> Any:
        self.seen_modes.append((mode, self.training))
        return super().forward(inputs, data_samples, mode)

    def loss(self, inputs: Tensor, data_samples: list[AnomalyDataSample] | None = None) -> dict[str, Tensor]:
        maps = self.gain * inputs.mean(dim=1)
        return dict(loss=(self.gain - self.target)**2 + self.noise * torch.rand(()) + 0 * maps.mean())

    def score_maps(self, inputs: Tensor) -> Maps:
        maps = self.gain * inputs.mean(dim=1)
        levels = tuple(functional.avg_pool2d(maps[:, None], k)[:, 0] / k for k in (2, 4))
        return Maps(maps.amax((1, 2)), maps, levels)


def write_category(root: Path, name: str = 'plate', good: tuple[int, ...] = (40, 50, 60, 70),
                   test_good: tuple[int, ...] = (45, 75), spots: tuple[int, ...] = (160, 200, 240)) -> Path:
    """MVTec layout: plain grey images of these values; the defective ones have a bright 8x8 spot on 50."""
    def write(path: Path, picture: np.ndarray) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), picture)

    folder = root / name
    for part, values in (('train/good', good), ('test/good', test_good)):
        for i, value in enumerate(values):
            write(folder / part / f'{i:03d}.png', np.full((SIDE, SIDE), value, np.uint8))
    for i, value in enumerate(spots):
        picture, mask = np.full((SIDE, SIDE), 50, np.uint8), np.zeros((SIDE, SIDE), np.uint8)
        picture[8:16, 16:24], mask[8:16, 16:24] = value, 255
        write(folder / 'test/spot' / f'{i:03d}.png', picture)
        write(folder / 'ground_truth/spot' / f'{i:03d}_mask.png', mask)
    return folder


def loader_cfg(root: Path, split: str, batch_size: int = 2, **dataset: Any) -> dict:
    """Data loader over ``plate``."""
    return dict(
        batch_size=batch_size, num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=split == 'train', round_up=split == 'train'),
        dataset=dict(dict(type='MVTecDataset', data_root=str(root), category='plate', split=split, pipeline=PIPELINE),
                     **dataset))


def model_cfg(**model: Any) -> dict:
    """Inputs become 0..1."""
    return dict(type='Brightness', **model,
                data_preprocessor=dict(type='AnomalyDataPreprocessor', mean=(0.0, ) * 3, std=(255.0, ) * 3))


def runner_cfg(root: Path, work_dir: Path, hooks: list[dict], model: dict | None = None, epochs: int = 2,
               **more: Any) -> Config:
    """Two iterations an epoch with SGD of lr 0.05; ``more`` overrides top-level entries."""
    cfg = dict(
        default_scope='anomaly_rd', work_dir=str(work_dir), model=model_cfg(**(model or {})), launcher='none',
        log_level='ERROR', experiment_name=uuid.uuid4().hex, randomness=dict(seed=0),
        train_dataloader=loader_cfg(root, 'train'), test_dataloader=loader_cfg(root, 'test'),
        train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=epochs), test_cfg=dict(type='TestLoop'),
        test_evaluator=dict(type='AnomalyMetric'),
        optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.05)),
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1, backend_args=dict(backend='atomic')),
                           logger=dict(type='LoggerHook', interval=1)),
        custom_hooks=[dict(type='EpochSeedHook'), *hooks],
        visualizer=dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')], name=uuid.uuid4().hex),
        env_cfg=dict(cudnn_benchmark=False, mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
                     dist_cfg=dict(backend='gloo')))
    return Config({**cfg, **more})


def sample_of(heat: Tensor, levels: list[Tensor] | None = None, **fields: Any) -> AnomalyDataSample:
    """A prediction with this map; its score is the maximum unless given."""
    sample = AnomalyDataSample(metainfo=dict(img_path=fields.pop('img_path', 'a/b.png'),
                                             sample_idx=fields.pop('sample_idx', 0)))
    sample.anomaly_map, sample.pred_score = heat, fields.pop('pred_score', heat.max())
    if levels is not None:
        sample.level_maps = levels
    for name, value in fields.items():
        setattr(sample, name, value)
    return sample

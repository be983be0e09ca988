"""How long one image takes, from pixels in memory to final boxes, or to the anomaly map."""
from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DATASETS, init_default_scope
from torch import nn

from mminspect import runtime
from mminspect.core.errors import UserError
from mminspect.models.anomaly_model import AnomalyModel
from mminspect.models.contract import contract_of

from .environment import device_name

INCLUDED = 'transfer to the device, normalisation, padding, network, decoding of boxes, NMS'
INCLUDED_MAPS = 'transfer to the device, normalisation, network with its teacher, anomaly map, score'
EXCLUDED = 'reading, decoding and resizing of the image file'


@dataclass(frozen=True)
class Latency:
    """Measured times at batch size 1, and under which conditions.

    Attributes:
        milliseconds: One value per timed image.
        sizes: Distinct (height, width) in pixels of the images, before padding to the model's divisor.
        device: Name of the device.
        threads: Torch's threads for CPU operators.
        warmup: Images that ran before without being timed.
    """

    milliseconds: tuple[float, ...]
    sizes: tuple[tuple[int, int], ...]
    device: str
    threads: int
    warmup: int

    @property
    def p50(self) -> float:
        """Median in ms."""
        return float(np.percentile(self.milliseconds, 50))

    @property
    def p95(self) -> float:
        """95th percentile in ms, interpolated between the two nearest images."""
        return float(np.percentile(self.milliseconds, 95))

    @property
    def fps(self) -> float:
        """Images per second: number of images by their total time."""
        return 1000 * len(self.milliseconds) / sum(self.milliseconds)


def measure(model: nn.Module, images: Sequence[dict[str, Any]], count: int, warmup: int) -> Latency:
    """Time ``model.test_step`` image by image.

    Args:
        model: In eval mode, on its device.
        images: Batches of one uint8 image each, as :func:`random_images` makes them; repeated as often as needed.
        count: Number of images to time.
        warmup: Number of images to run before.

    Raises:
        UserError: ``count`` is below 1 or ``warmup`` below 0.
    """
    if count < 1 or warmup < 0:
        raise UserError(f'at least 1 image and 0 warm-up images are needed, got {count} and {warmup}')
    device = _device_of(model)
    milliseconds = []
    with torch.no_grad():
        for number, data in enumerate(itertools.islice(itertools.cycle(images), warmup + count)):
            start = now(device)
            model.test_step(dict(data))
            if number >= warmup:
                milliseconds.append(1000 * (now(device) - start))
    sizes = tuple(sorted({tuple(image.shape[1:]) for data in images for image in data['inputs']}))
    return Latency(tuple(milliseconds), sizes, device_name(device), torch.get_num_threads(), warmup)


def _device_of(model: nn.Module) -> torch.device:
    """Of a model that may have no parameters of its own."""
    return next(itertools.chain(model.parameters(), model.buffers())).device


def included_in(model: nn.Module) -> str:
    """What a measured time includes, in words."""
    return INCLUDED_MAPS if isinstance(contract_of(model), AnomalyModel) else INCLUDED


def now(device: torch.device) -> float:
    """Seconds, once the device has finished what it was given."""
    if device.type == 'cuda':
        torch.cuda.synchronize(device)
    return time.perf_counter()


def random_images(shape: tuple[int, int], count: int = 1) -> list[dict[str, Any]]:
    """``count`` batches of one noise image (3, H, W), uint8, always the same.

    Raises:
        UserError: A side is below 1 pixel.
    """
    from mmdet.structures import DetDataSample
    if min(shape) < 1:
        raise UserError(f'the image must have at least 1 pixel a side, got {shape[0]} x {shape[1]}')
    generator = torch.Generator().manual_seed(0)
    meta = dict(img_shape=shape, ori_shape=shape, scale_factor=(1.0, 1.0))
    return [dict(inputs=[torch.randint(0, 256, (3, *shape), dtype=torch.uint8, generator=generator)],
                 data_samples=[DetDataSample(metainfo=meta)]) for _ in range(count)]


def dataset_images(cfg: Config, count: int) -> list[dict[str, Any]]:
    """The first ``count`` images of the config's test set behind its pipeline, held in memory.

    Raises:
        UserError: The config has no test set or the set is faulty.
    """
    if cfg.get('test_dataloader') is None:
        raise UserError(f'{cfg.filename} has no test_dataloader: measure at a size with --shape instead')
    runtime.check_data(cfg, ('test_dataloader',))
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    with runtime.explain_errors(cfg):
        dataset = DATASETS.build(cfg.test_dataloader.dataset)
    return [pseudo_collate([dataset[i]]) for i in range(min(count, len(dataset)))]


def report(result: Latency, name: str, weights: str, included: str = INCLUDED) -> str:
    """A few lines for a terminal: the numbers and all that they depend on."""
    return '\n'.join([
        name,
        f'  latency      {result.p50:.1f} ms (p50), {result.p95:.1f} ms (p95); {result.fps:.2f} images per second',
        f'  input        1 x 3 x {_size_text(result.sizes)} (height x width) uint8, float32 in the network',
        f'  images       {len(result.milliseconds)}, after {result.warmup} for warm-up',
        f'  device       {result.device}, torch {torch.__version__} with {result.threads} CPU threads',
        f'  weights      {weights}',
        f'  included     {included}',
        f'  excluded     {EXCLUDED}',
    ])


def _size_text(sizes: Iterable[tuple[int, int]]) -> str:
    sizes = list(sizes)
    if len(sizes) == 1:
        return f'{sizes[0][0]} x {sizes[0][1]}'
    heights, widths = zip(*sizes, strict=True)
    return f'{min(heights)}..{max(heights)} x {min(widths)}..{max(widths)}'

"""Images per second of detectors and anomaly models at batch size 1; a row each, and status 1 where one fails.

    python benchmarks/gpu/fps.py CONFIG ... [--shape 480 1088] [--images 60] [--warmup 15]

On a GPU in float32, under autocast to float16, and so with the weights in channels-last memory too; on a CPU in float32
alone. Beside the whole prediction (from a uint8 image in memory to boxes or map, see mminspect.experiments.latency)
stands the network alone, without pre-processing, decoding and NMS. Weights are random.
"""
from __future__ import annotations

import argparse
import logging
import statistics
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from mmengine.config import Config
from samples import detection_sample
from torch import nn

from mminspect import runtime
from mminspect.experiments.environment import default_device, device_name
from mminspect.experiments.latency import measure, now, random_images
from mminspect.models.building import load_model

#: The network's input has sides that are multiples of it, as detectors pad images.
DIVISOR = 32


def row(cfg: Config, device: torch.device, shape: tuple[int, int], images: int, warmup: int) -> str:
    """Times of one model in all modes, and of its network alone, in the memory format of the last one."""
    model, parts = load_model(cfg, None, device), []
    for name, half in modes(model, device):
        with torch.autocast(device.type, torch.float16, enabled=half):
            found = measure(model, random_images(shape), images, warmup)
        parts.append(f'{name} p50 {found.p50:8.2f} p95 {found.p95:8.2f} ms, {found.fps:7.1f} images/s')
    alone = network_milliseconds(model, device, shape, images, warmup)
    return ' | '.join([*parts, f'network alone, float32 {alone:.2f} ms'])


def modes(model: nn.Module, device: torch.device) -> Iterator[tuple[str, bool]]:
    """Name, and whether it is float16; the model is changed on the way to the next one."""
    yield 'float32', False
    if device.type == 'cuda':
        yield 'float16', True
        model.to(memory_format=torch.channels_last)
        yield 'float16, channels last', True


def network_milliseconds(model: nn.Module, device: torch.device, shape: tuple[int, int], count: int,
                         warmup: int) -> float:
    """Median time from a normalised image to the raw outputs."""
    padded = tuple(-(-side // DIVISOR) * DIVISOR for side in shape)
    image, samples, times = torch.randn(1, 3, *padded, device=device), [detection_sample(padded).to(device)], []
    with torch.no_grad():
        for number in range(warmup + count):
            start = now(device)
            model(image, samples, mode='tensor')
            if number >= warmup:
                times.append(1000 * (now(device) - start))
    return statistics.median(times)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', nargs='+', help='config files')
    parser.add_argument('--shape', type=int, nargs=2, default=[480, 1088], metavar=('HEIGHT', 'WIDTH'),
                        help='of the image in pixels (default: 480 1088)')
    parser.add_argument('--images', type=int, default=60, help='images to time (default: %(default)s)')
    parser.add_argument('--warmup', type=int, default=15, help='images to run before (default: %(default)s)')
    args = parser.parse_args(argv)
    device, failed = default_device(), 0
    print(f'{device_name(device)}, torch {torch.__version__}, {args.shape[0]} x {args.shape[1]}, batch 1', flush=True)
    for config in args.configs:
        try:
            said = row(runtime.load_config(config), device, tuple(args.shape), args.images, args.warmup)
            print(f'{Path(config).stem:48s} {said}', flush=True)
        except Exception as error:  # whatever it is, the other configs are tried too
            failed += 1
            print(f'FAIL  {Path(config).stem}  {type(error).__name__}: {str(error)[:300]}', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    warnings.filterwarnings('ignore')
    logging.disable(logging.WARNING)
    sys.exit(main())

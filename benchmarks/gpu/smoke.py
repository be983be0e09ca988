"""One training step and one prediction of every config on the device; a row each, and status 1 where one fails.

    python benchmarks/gpu/smoke.py CONFIG ... [--shape 256 320]

On a GPU every config runs in float32 and under autocast to float16. Weights are random and images are noise: a row says
that everything the config names runs there, not how well. Pretrained weights are not read, but for an anomaly model's
teacher.
"""
from __future__ import annotations

import argparse
import logging
import sys
import time
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.logging import MessageHub
from samples import batch
from torch import nn

from mminspect import runtime
from mminspect.experiments.environment import default_device
from mminspect.models.building import load_model


def step(cfg: Config, device: torch.device, shape: tuple[int, int], half: bool) -> str:
    """Train and predict once; what there is to say about it."""
    model = load_model(cfg, None, device).train()
    MessageHub.get_instance('smoke').update_info('epoch', 0)  # read by heads whose assigner changes on the way
    loss, gradient = train_once(model, device, shape, half)
    model.eval()
    with torch.no_grad(), torch.autocast(device.type, torch.float16, enabled=half):
        first = model.test_step(batch(model, shape))[0]
    found = (f'{len(first.pred_instances)} boxes' if 'pred_instances' in first
             else f'score {float(first.pred_score):.4g}')
    return f'loss {loss:10.4f}  gradient {gradient:9.3e}  {found}'


def train_once(model: nn.Module, device: torch.device, shape: tuple[int, int], half: bool) -> tuple[float, float]:
    """The loss of a batch, and the sum of the absolute gradients."""
    with torch.autocast(device.type, torch.float16, enabled=half):
        data = model.data_preprocessor(batch(model, shape), True)
        loss, _ = model.parse_losses(model(**data, mode='loss'))
    loss.backward()
    return float(loss), sum(float(p.grad.abs().sum()) for p in model.parameters() if p.grad is not None)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', nargs='+', help='config files')
    parser.add_argument('--shape', type=int, nargs=2, default=[256, 320], metavar=('HEIGHT', 'WIDTH'),
                        help='of the images in pixels (default: 256 320)')
    args = parser.parse_args(argv)
    device, failed = default_device(), 0
    for config in args.configs:
        for half in (False, True) if device.type == 'cuda' else (False, ):
            start, label = time.monotonic(), f'{Path(config).stem:50s} {"float16" if half else "float32"}'
            try:
                said = step(runtime.load_config(config), device, tuple(args.shape), half)
                print(f'ok    {label}  {said}  {time.monotonic() - start:.1f} s', flush=True)
            except Exception as error:  # whatever it is, the other configs are tried too
                failed += 1
                where = traceback.format_exc().strip().splitlines()[-3].strip()
                print(f'FAIL  {label}  {type(error).__name__}: {str(error)[:300]} | {where[:200]}', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    warnings.filterwarnings('ignore')
    logging.disable(logging.WARNING)
    sys.exit(main())

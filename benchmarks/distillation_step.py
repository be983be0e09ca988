"""Time and peak memory of a distillation step against a plain student step plus one teacher forward pass.

    python benchmarks/distillation_step.py
"""
from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from torch import nn

import fdrd  # noqa: F401 (registers the components)
from common import ROOT, interleaved, memory_of, save

BATCH, HEIGHT, WIDTH = 2, 288, 672
CONFIG = ROOT / 'configs/fdrd/fdrd_gfl_r18_48e_medicine.py'
STUDENT = ROOT / 'configs/fdrd/gfl_r18_48e_medicine.py'


def build(path: Path) -> nn.Module:
    """Model of a config with random weights, in training mode."""
    cfg = Config.fromfile(path).model
    cfg.backbone.init_cfg = None
    if 'teacher_ckpt' in cfg:
        cfg.teacher_ckpt = None
    return MODELS.build(cfg).train()


def batch() -> dict:
    """The same two views of random images with three objects each."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(BATCH, 3, HEIGHT, WIDTH, generator=generator)
    samples = []
    for _ in range(BATCH):
        corner = torch.rand(3, 2, generator=generator) * torch.tensor([WIDTH - 40., HEIGHT - 40.])
        sample = DetDataSample(gt_instances=InstanceData(
            bboxes=torch.cat([corner, corner + 20], dim=1), labels=torch.zeros(3, dtype=torch.long)))
        sample.set_metainfo(dict(img_shape=(HEIGHT, WIDTH), ori_shape=(HEIGHT, WIDTH), pad_shape=(HEIGHT, WIDTH),
                                 batch_input_shape=(HEIGHT, WIDTH), scale_factor=(1., 1.)))
        samples.append(sample)
    return dict(inputs=images, data_samples=samples)


def step_of(model: nn.Module, **views: torch.Tensor) -> Callable[[], None]:
    """One optimiser step of ``model``."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-6)

    def step() -> None:
        loss, _ = model.parse_losses(model(**batch(), **views, mode='loss'))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return step


def operations(names: list[str]) -> dict[str, Callable[[], object]]:
    """The three things that are compared, built only if asked for."""
    distilled = build(CONFIG) if set(names) - {'student_step'} else None
    made: dict[str, Callable[[], object]] = {}
    if 'student_step' in names:
        made['student_step'] = step_of(build(STUDENT))
    if 'teacher_forward' in names:
        teacher = distilled.teacher
        made['teacher_forward'] = torch.no_grad()(lambda: teacher.bbox_head(teacher.extract_feat(batch()['inputs'])))
    if 'distillation_step' in names:
        _ = distilled.teacher
        made['distillation_step'] = step_of(distilled, inputs_clean=batch()['inputs'])
    return made


def peak_bytes(name: str) -> int:
    """Growth of the resident set over one operation at its highest, in a process of its own."""
    done = subprocess.run([sys.executable, '-W', 'ignore', __file__, '--peak', name], capture_output=True, text=True,
                          check=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure_peak(name: str) -> int:
    """What the child process of :func:`peak_bytes` does (Linux: resets and reads the high-water mark)."""
    operation = operations([name])[name]
    Path('/proc/self/clear_refs').write_text('5')
    before = memory_of()
    operation()
    return memory_of(entry='VmHWM') - before


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument('--peak', help=argparse.SUPPRESS)
    parser.add_argument('--rounds', type=int, default=7)
    args = parser.parse_args()
    init_default_scope('mmdet')
    torch.manual_seed(0)
    if args.peak:
        print(measure_peak(args.peak))
        return
    names = ['student_step', 'teacher_forward', 'distillation_step']
    peaks = {name: peak_bytes(name) for name in names}
    seconds = interleaved(operations(names), args.rounds)
    save('distillation_step', seed=0, batch=BATCH, input=[HEIGHT, WIDTH], seconds=seconds, peak_bytes=peaks,
         time_ratio=seconds['distillation_step'] / (seconds['student_step'] + seconds['teacher_forward']),
         memory_ratio=peaks['distillation_step'] / (peaks['student_step'] + peaks['teacher_forward']))


if __name__ == '__main__':
    main()

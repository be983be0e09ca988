"""Milliseconds of one inspection, end to end, for every model in every form, in one run on one machine.

    python benchmarks/inspection_latency.py [--rounds 20] [--models student gfl_r50 ...]

Decoding, pre-processing, network and post-processing of one JPEG at a time: detectors at 1088x480, anomaly models at
256x256. Weights are random: they do not change the time, except that post-processing sees few boxes. The forms of one
model take turns. What a precision does to the accuracy is measured by inspection_accuracy.py.
"""
from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from mmengine.config import Config
from PIL import Image

from common import ROOT, save
from inspection_forms import open_forms
from mminspect import runtime
from mminspect.inspection import InspectionResult, Inspector
from mminspect.inspection.networks import build_network

WORK = ROOT / 'work_dirs' / 'benchmarks' / 'latency'
SCALE = (1088, 480)  # width and height, as mmdet gives them
FRAMES = dict(detection=(480, 1088), anomaly=(256, 256))
#: Row -> config below configs/.
MODELS = {
    'student (GFL, R18)': 'fdrd/gfl_r18_48e_medicine', 'GFL-R50': 'fdrd/detectors/gfl_r50_48e_medicine',
    'ATSS-R50': 'fdrd/detectors/atss_r50_48e_medicine', 'TOOD-R50': 'fdrd/detectors/tood_r50_48e_medicine',
    'VFNet-R50': 'fdrd/detectors/vfnet_r50_48e_medicine', 'YOLOF-R50': 'fdrd/detectors/yolof_r50_48e_medicine',
    'RD4AD (R18)': 'anomaly_rd/rd4ad/rd4ad_r18_20e_mvtec', 'AKF (R18)': 'anomaly_rd/akf/akf-oce_r18_20e_mvtec',
    'RFA (R18)': 'anomaly_rd/rfa/rfa_r18_20e_mvtec', 'textile (R18)': 'anomaly_rd/textile/textile_r18_5000i_mvtec',
}


def load(config: str) -> Config:
    """A config with detectors at ``SCALE`` and anomaly models without pretrained weights."""
    cfg = runtime.load_config(str(ROOT / 'configs' / f'{config}.py'))
    for step in cfg.test_dataloader.dataset.pipeline:
        if step.type == 'Resize':
            step.scale = SCALE
    if 'teacher' in cfg.model:
        cfg.model.teacher.weights = None
    return cfg


def pictures(kind: str, count: int) -> list[Path]:
    """Smooth pictures with noise, as JPEG files."""
    folder, (height, width) = WORK / 'pictures', FRAMES[kind]
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f'{kind}_{number}.jpg' for number in range(count)]
    for number, path in enumerate(paths):
        rng = np.random.default_rng(number)
        slopes = np.add.outer(np.linspace(40, 160, height), np.linspace(0, 60, width))[..., None]
        pixels = slopes + rng.normal(0, 6, (height, width, 3))
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path, quality=92)
    return paths


def summary(results: list[InspectionResult]) -> dict[str, float]:
    """Milliseconds: median and 95th percentile of the sum, and the median of each stage."""
    totals = [sum(result.milliseconds.values()) for result in results]
    stages = {stage: float(np.median([result.milliseconds[stage] for result in results]))
              for stage in results[0].milliseconds}
    return dict(p50=float(np.median(totals)), p95=float(np.percentile(totals, 95)), **stages)


def measure(name: str, config: str, rounds: int, warmup: int = 3) -> list[dict]:
    """One row per form of a model."""
    network = build_network(load(config), None)
    files = pictures(network.spec.kind, 4)
    inspectors = {form: Inspector(one) for form, one in open_forms(network, WORK / Path(config).name, files).items()}
    results: dict[str, list[InspectionResult]] = {form: [] for form in inspectors}
    for turn in range(warmup + rounds):
        for form, inspector in inspectors.items():
            result = inspector(files[turn % len(files)])
            if turn >= warmup:
                results[form].append(result)
    rows = [dict(model=name, config=f'configs/{config}.py', form=form, milliseconds=summary(found))
            for form, found in results.items()]
    for row in rows:
        print(f'{name:22s} {row["form"]:18s} p50 {row["milliseconds"]["p50"]:7.1f} ms', flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rounds', type=int, default=20)
    parser.add_argument('--models', nargs='+', default=[''], help='parts of the names of configs')
    args = parser.parse_args()
    chosen = {name: config for name, config in MODELS.items() if any(part in config for part in args.models)}
    rows = [row for name, config in chosen.items() for row in measure(name, config, args.rounds)]
    save('inspection_latency', rounds=args.rounds, batch=1, detection_size=list(SCALE), anomaly_size=[256, 256],
         weights='random', rows=rows, command='python benchmarks/inspection_latency.py')


if __name__ == '__main__':
    main()

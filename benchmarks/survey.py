"""How fast ``mminspect check`` looks at images: a folder of rendered JPEGs of a megapixel, the whole command.

    python benchmarks/survey.py [--images 5000]

The images are written into a temporary folder (about 75 KB each): good parts for training and for the test, and
defective ones with boxes as masks. Two threads.
"""
from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from common import ROOT, save

SIDE = 1024
#: Different scenes; beside them images differ in noise, brightness and place.
SCENES = 50
CONFIG = """_base_ = 'mminspect::anomaly_rd/rd4ad/rd4ad_r18_20e_mvtec.py'
dataset = dict(_delete_=True, type='FolderDataset', data_root={root!r}, split='train', pipeline=_base_.pipeline)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dict(dataset, split='test'))
test_dataloader = val_dataloader
"""


def render(number: int, path: Path) -> None:
    """One image: large forms, fine texture, sensor noise."""
    rng = np.random.default_rng(number % SCENES)
    picture = cv2.resize(rng.uniform(40, 210, (9, 9, 3)).astype(np.float32), (SIDE, SIDE),
                         interpolation=cv2.INTER_CUBIC)
    own = np.random.default_rng(number)
    picture = np.roll(picture, own.integers(0, SIDE, 2), axis=(0, 1)) + own.normal(0, 5)
    noise = np.empty(picture.shape, np.float32)
    cv2.setRNGSeed(number)
    cv2.randn(noise, 0, 5)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.clip(picture + noise, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 90])


def folder_of(number: int) -> str:
    """Six of ten images are for training, two good and two defective ones for the test."""
    return 'train/good' if number % 10 < 6 else 'test/good' if number % 10 < 8 else 'test/scratch'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--images', type=int, default=5000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, 'part')
        paths = [root / folder_of(number) / f'{number:05}.jpg' for number in range(args.images)]
        with ThreadPoolExecutor() as pool:
            list(pool.map(render, range(args.images), paths))
        size = sum(path.stat().st_size for path in paths)
        config = Path(folder, 'survey.py')
        config.write_text(CONFIG.format(root=str(root)))
        start, before = time.perf_counter(), os.times()
        subprocess.run([sys.executable, '-W', 'ignore', '-m', 'mminspect', 'check', config, '--out', Path(
            folder, 'page.html'), '--json', Path(folder, 'figures.json')], cwd=ROOT, check=True, capture_output=True)
        seconds, after = time.perf_counter() - start, os.times()
    save('survey', command=f'python benchmarks/survey.py --images {args.images}', images=args.images,
         megapixels=round(SIDE * SIDE / 1e6, 2), kilobytes=round(size / args.images / 1000), workers=2,
         seconds=round(seconds, 1), images_per_second=round(args.images / seconds, 1),
         cpu_seconds=round(after.children_user + after.children_system - before.children_user - before.children_system,
                           1))


if __name__ == '__main__':
    main()

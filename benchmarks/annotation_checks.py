"""What ``mminspect train`` costs before it builds a detector on a large COCO file: the checks of the data and what it
prints of them.

    python benchmarks/annotation_checks.py [--images 118000 --boxes 860000]

The files are written into a temporary folder: annotations of the size of COCO's own train2017 (boxes alone) and, of a
24th of it, for validation and test; the images are links to a few small ones. How often an annotation file is opened is
counted by Python's audit hook.
"""
from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from common import memory_of, save
from mminspect import runtime
from mminspect.core.once import reading_once
from mminspect.survey.announcing import describe

CLASSES = tuple(f'class {number}' for number in range(80))
#: (width, height) of all images, in pixels.
SIZE = (640, 480)
#: Names that one file may have; a file system allows 65,000.
LINKS = 50_000
CONFIG = """_base_ = ['mminspect::fdrd/_base_/gfl_r18.py', 'mminspect::_base_/datasets/coco_detection.py',
          'mminspect::_base_/schedules/48e.py', 'mminspect::_base_/default_runtime.py']
mine = dict(data_root={root!r}, metainfo=dict(classes={classes!r}))
train_dataloader = dict(dataset=dict(mine, ann_file='train.json', data_prefix=dict(img='train/')))
val_dataloader = dict(dataset=dict(mine, ann_file='val.json', data_prefix=dict(img='val/')))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file={root!r} + 'val.json')
test_evaluator = val_evaluator
model = dict(bbox_head=dict(num_classes={count}))
"""


def write(root: Path, name: str, images: int, boxes: int, grey: int) -> int:
    """One split; returns the bytes of its annotation file."""
    rng = np.random.default_rng(grey)
    folder = root / name
    folder.mkdir()
    names = [f'{number:012}.png' for number in range(images)]
    for number, one in enumerate(names):
        if number % LINKS:
            os.link(folder / names[number // LINKS * LINKS], folder / one)
        else:
            Image.new('L', SIZE, grey).save(folder / one, compress_level=grey % 2)
    sides = rng.uniform(4, 200, (boxes, 2)).round(2)
    corners = (rng.uniform(0, 1, (boxes, 2)) * (np.array(SIZE) - sides)).round(2)
    owners, kinds = np.sort(rng.integers(images, size=boxes)) + 1, rng.integers(len(CLASSES), size=boxes) + 1
    annotations = [dict(id=number, image_id=int(owner), category_id=int(kind), bbox=[*corner, *side],
                        area=side[0] * side[1], iscrowd=0) for number, (owner, kind, corner, side) in enumerate(
                            zip(owners, kinds, corners.tolist(), sides.tolist(), strict=True), 1)]
    path = root / f'{name}.json'
    path.write_text(json.dumps(dict(
        images=[dict(id=number, file_name=one, width=SIZE[0], height=SIZE[1]) for number, one in enumerate(names, 1)],
        annotations=annotations, categories=[dict(id=n, name=one) for n, one in enumerate(CLASSES, 1)])))
    return path.stat().st_size


def measure(config: Path) -> dict[str, Any]:
    """Seconds, processor seconds, peak memory in bytes, and how often each annotation file was opened."""
    cfg = runtime.load_config(str(config))
    opened: Counter[str] = Counter()

    def count(event: str, args: tuple) -> None:
        if event == 'open' and str(args[0]).endswith(('train.json', 'val.json')):
            opened[Path(str(args[0])).name] += 1

    sys.addaudithook(count)
    figures, start, before = {}, time.perf_counter(), time.process_time()
    with reading_once():
        runtime.check_data(cfg, ('train_dataloader', 'val_dataloader'))
        figures['check_seconds'] = round(time.perf_counter() - start, 1)
        told = describe(cfg)
    figures['seconds'] = round(time.perf_counter() - start, 1)
    return dict(figures, cpu_seconds=round(time.process_time() - before, 1), peak_bytes=memory_of(entry='VmHWM'),
                opened=dict(opened), told=told)


def main() -> None:
    """Write, measure in a process of its own, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--images', type=int, default=118_000)
    parser.add_argument('--boxes', type=int, default=860_000)
    parser.add_argument('--config', type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.config:
        print(json.dumps(measure(args.config)))
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        size = write(root, 'train', args.images, args.boxes, 101)
        write(root, 'val', args.images // 24, args.boxes // 24, 100)
        config = root / 'config.py'
        config.write_text(CONFIG.format(root=f'{root}/', classes=CLASSES, count=len(CLASSES)))
        output = subprocess.run([sys.executable, '-W', 'ignore', __file__, '--config', config], check=True, text=True,
                                stdout=subprocess.PIPE).stdout
    save('annotation_checks', command=f'python benchmarks/annotation_checks.py --images {args.images} --boxes '
         f'{args.boxes}', images=args.images, boxes=args.boxes, megabytes=round(size / 1e6, 1),
         **json.loads(output.splitlines()[-1]))


if __name__ == '__main__':
    main()

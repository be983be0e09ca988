"""A line scan of 4000x18000 pixels through an anomaly model and a detector: megapixels per second, peak memory.

    python benchmarks/large_image.py [--height 4000 --width 18000]

Each model runs in a process of its own, so that its peak is its own. Anomaly model: RD4AD (R18), tiles of 1024 seen at
256; detector: the student, tiles of 1024 seen at full size. Random weights; the exported file on OpenVINO in bf16 where
the processor has it, else f32. The scan is written and read as an uncompressed TIFF.
"""
from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from common import ROOT, memory_of, save
from inspection_latency import load
from mminspect.inspection import Inspector
from mminspect.inspection.backends import open_network
from mminspect.inspection.export import export_onnx
from mminspect.inspection.networks import build_network
from mminspect.runtime import fast_bf16

WORK = ROOT / 'work_dirs' / 'benchmarks' / 'large'
MODELS = {'RD4AD (R18)': 'anomaly_rd/rd4ad/rd4ad_r18_20e_mvtec', 'student (GFL, R18)': 'fdrd/gfl_r18_48e_tiles'}
TILE, OVERLAP = 1024, 128


def scan(height: int, width: int) -> Path:
    """A woven texture with noise, as TIFF."""
    path = WORK / f'scan_{height}x{width}.tiff'
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        rows, columns = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None]
        grey = (120 + 30 * np.sin(rows / 3) * np.sin(columns / 3)).astype(np.uint8)
        grey += np.random.default_rng(0).integers(0, 16, grey.shape, dtype=np.uint8)
        Image.fromarray(np.repeat(grey[..., None], 3, axis=2)).save(path)
    return path


def export(config: str) -> Path:
    """The file of one model."""
    path = WORK / f'{Path(config).name}.onnx'
    path.parent.mkdir(parents=True, exist_ok=True)
    export_onnx(build_network(load(config), None), path)
    return path


def peak_mib() -> float:
    """Largest resident memory of this program so far."""
    return memory_of(entry='VmHWM') / 2**20


def inspect(model: Path, image: Path) -> dict[str, float]:
    """Time and memory of one inspection in this process; a small image goes first."""
    inspector = Inspector(open_network(model, 'openvino', precision='bf16' if fast_bf16() else 'f32'), TILE, OVERLAP)
    inspector(np.zeros((TILE, TILE, 3), np.uint8))
    before, start = peak_mib(), time.perf_counter()
    result = inspector(image)
    seconds = time.perf_counter() - start
    pixels = result.shape[0] * result.shape[1]
    own = pixels * (3 + (4 if result.anomaly_map is not None else 0)) / 2**20
    return dict(seconds=seconds, megapixels_per_second=pixels / 1e6 / seconds, peak_mib=peak_mib(), before_mib=before,
                image_and_map_mib=own, stages_seconds={k: v / 1000 for k, v in result.milliseconds.items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--height', type=int, default=4000)
    parser.add_argument('--width', type=int, default=18000)
    parser.add_argument('--one', type=Path, nargs=2, metavar=('MODEL', 'IMAGE'), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(inspect(*args.one)))
        return
    rows = []
    for name, config in MODELS.items():
        for height, width in ((args.height // 4, args.width), (args.height, args.width)):
            command = [sys.executable, '-W', 'ignore', __file__, '--one', str(export(config)), str(scan(height, width))]
            printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found = json.loads(printed.splitlines()[-1])
            rows.append(dict(model=name, config=f'configs/{config}.py', height=height, width=width, **found))
            print(f'{name:20s} {height}x{width}: {found["megapixels_per_second"]:.1f} megapixels/s, peak '
                  f'{found["peak_mib"]:.0f} MiB ({found["before_mib"]:.0f} before)', flush=True)
    save('large_image', tile=TILE, overlap=OVERLAP, runtime='OpenVINO', precision='bf16' if fast_bf16() else 'f32',
         rows=rows, command='python benchmarks/large_image.py')


if __name__ == '__main__':
    main()

"""How long a command takes before it does anything: whole processes, from their start to their end.

    python benchmarks/startup.py [--rounds 7]

The help of ``mminspect``, and one picture of 256x256 through an exported model (RD4AD, R18) with ``mminspect inspect``,
beside the import of torch alone, which neither needs. The commands take turns; medians.
"""
from __future__ import annotations

import argparse
import shutil
import subprocess
import sys

import numpy as np
from PIL import Image

from common import ROOT, interleaved, save
from inspection_latency import load
from mminspect.inspection.export import export_onnx
from mminspect.inspection.networks import build_network

WORK = ROOT / 'work_dirs' / 'benchmarks' / 'startup'
CONFIG = 'anomaly_rd/rd4ad/rd4ad_r18_20e_mvtec'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--rounds', type=int, default=7)
    args = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    model, picture, out = WORK / 'model.onnx', WORK / 'part.png', WORK / 'results'
    export_onnx(build_network(load(CONFIG), None), model)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)).save(picture)
    program = [sys.executable, '-W', 'ignore']
    commands = {
        'help': [*program, '-m', 'mminspect', '--help'],
        'inspect': [*program, '-m', 'mminspect', 'inspect', model, picture, '--out', out, '--overwrite'],
        'import torch': [*program, '-c', 'import torch'],
        'python': [*program, '-c', 'pass'],
    }

    def run(command: list) -> None:
        subprocess.run(list(map(str, command)), cwd=ROOT, check=True, capture_output=True)

    seconds = interleaved({name: lambda command=command: run(command) for name, command in commands.items()},
                          args.rounds)
    shutil.rmtree(out)
    save('startup', rounds=args.rounds, command=f'python benchmarks/startup.py --rounds {args.rounds}',
         seconds={name: round(value, 3) for name, value in seconds.items()})


if __name__ == '__main__':
    main()

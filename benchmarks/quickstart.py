"""``mminspect quickstart`` on 200 good pictures of 256x256, as a user types it: time, and what it finds.

    python benchmarks/quickstart.py [--good 200]

The pictures are the demo's rendered textures, drawn with another seed than the demo's. Seconds are those of the whole
process with everything that it starts; the seconds of processors beside them tell whether the machine was busy.
"""
from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time

from anomaly_rd.datasets.textures_writer import CATEGORY, TexturesSpec, make_textures
from common import ROOT, save

WORK = ROOT / 'work_dirs' / 'benchmarks' / 'quickstart'
SEED = 7


def counts() -> dict[str, dict[str, int]]:
    """Pictures, and how many of them are called defective, by folder of the test."""
    found: dict[str, dict[str, int]] = {}
    for line in (WORK / 'run' / 'inspected' / 'results.jsonl').read_text().splitlines():
        result = json.loads(line)
        kind = found.setdefault(result['image'].split('/')[0], dict(pictures=0, defective=0))
        kind['pictures'] += 1
        kind['defective'] += result['is_defect']
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--good', type=int, default=200)
    args = parser.parse_args()
    shutil.rmtree(WORK, ignore_errors=True)
    make_textures(WORK / 'data', TexturesSpec(train=args.good, seed=SEED))
    part = WORK / 'data' / CATEGORY
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, '-W', 'ignore', '-m', 'mminspect', 'quickstart', str(part / 'train' / 'good'),
                    '--test', str(part / 'test'), '--out', str(WORK / 'run')], check=True,
                   env={**os.environ, 'PYTHONPATH': str(ROOT / 'projects')})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    save('quickstart', command=f'python benchmarks/quickstart.py --good {args.good}', good=args.good, seed=SEED,
         image_size=[256, 256], seconds=round(time.monotonic() - start), found=counts(),
         cpu_seconds=round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))


if __name__ == '__main__':
    main()

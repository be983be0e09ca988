"""The real-data run: teachers, student alone, CKD and FDRD on DeepPCB, several seeds, into results/deeppcb.json.

    MMINSPECT_DATA=... MMINSPECT_WEIGHTS=... python benchmarks/deeppcb.py [--seeds 0 1] [--jobs 2] [--only-collect]

Finished runs are skipped and interrupted ones resumed, so the command can be repeated. Metrics are those of the last
epoch; nothing is selected on the validation images.
"""
from __future__ import annotations

import argparse
import os
import statistics
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from common import ROOT, save
from mminspect.experiments import jobs

FOLDER = 'configs/fdrd/deeppcb'
WORK = ROOT / 'work_dirs'


@dataclass(frozen=True)
class Row:
    """One row of the table: a config, its last epoch, and whether it is run once (a teacher) or once per seed."""

    name: str
    config: str
    epochs: int
    teacher: bool = False

    def work_dir(self, seed: int) -> Path:
        """Teachers keep the folder that the distillation configs name."""
        return WORK / (self.config if self.teacher else f'{self.config}_seed{seed}')


ROWS = (
    Row("student's network, 16 epochs (teacher of CKD)", 'teacher-plain_r18_320_16e_deeppcb', 16, teacher=True),
    Row('semantic FPN + SE, 16 epochs (teacher of FDRD)', 'teacher_r18_320_16e_deeppcb', 16, teacher=True),
    Row('student alone', 'gfl_r18_320_8e_deeppcb', 8),
    Row('student, CKD', 'ckd_gfl_r18_320_8e_deeppcb', 8),
    Row('student, FDRD (reimplemented)', 'fdrd_gfl_r18_320_8e_deeppcb', 8),
)


def job(row: Row, seed: int) -> jobs.Job:
    """The training and test of one row with one seed, on one thread."""
    seed = 0 if row.teacher else seed
    return jobs.Job(ROOT / FOLDER / f'{row.config}.py', row.work_dir(seed), ('--seed', str(seed)),
                    environment=dict(OMP_NUM_THREADS='1'))


def run(row: Row, seed: int) -> None:
    """Train and test, and say so."""
    jobs.run(job(row, seed))
    print(f'{row.name}, seed {seed}: done', flush=True)


def collect(seeds: list[int]) -> None:
    """Mean and standard deviation per row."""
    rows = []
    for row in ROWS:
        found = [job(row, seed).metrics for seed in ([0] if row.teacher else seeds)]
        runs = [metrics for metrics in found if metrics]
        keys = runs[0] if runs else ()
        rows.append(dict(
            name=row.name, config=f'{FOLDER}/{row.config}.py', epochs=row.epochs, runs=len(runs),
            mean={k: statistics.mean(r[k] for r in runs) for k in keys},
            std={k: statistics.stdev(r[k] for r in runs) for k in keys} if len(runs) > 1 else {}))
    save('deeppcb', seeds=seeds, teacher_seed=0, image_size=[320, 320], train_images=500, val_images=200,
         selection='last epoch', precision='bfloat16 autocast in training, float32 in testing',
         command=f'python benchmarks/deeppcb.py --seeds {" ".join(map(str, seeds))}', rows=rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1])
    parser.add_argument('--jobs', type=int, default=2, help='runs at a time, one thread each')
    parser.add_argument('--only-collect', action='store_true')
    args = parser.parse_args()
    os.chdir(ROOT)  # the configs name the teachers' checkpoints below work_dirs/
    if not args.only_collect:
        for teachers in (True, False):  # the students need the teachers' checkpoints
            todo = [(row, seed) for seed in args.seeds for row in ROWS if row.teacher is teachers
                    and not (teachers and seed != args.seeds[0])]
            with ThreadPoolExecutor(args.jobs) as pool:
                for done in [pool.submit(run, row, seed) for row, seed in todo]:
                    done.result()
    collect(args.seeds)


if __name__ == '__main__':
    main()

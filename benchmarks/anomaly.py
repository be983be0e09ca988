"""The real-data runs of anomaly_rd: every method and ablation on two data sets, into results/anomaly_<set>.json.

    MMINSPECT_DATA=... MMINSPECT_WEIGHTS=... python benchmarks/anomaly.py --sets screw fabric02 [--peer] [--jobs 1]

Finished runs are skipped and interrupted ones resumed, so the command can be repeated. Metrics are those of the last
epoch; the test images are looked at every five epochs for the curves only, nothing is selected on them. ``--peer``
trains anomalib's implementation too (see peer_anomalib.py) and measures its maps with the same metrics. Not every row
has to have every seed: a row says which ones it is the mean of.
"""
from __future__ import annotations

import argparse
import json
import math
import os
import statistics
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmengine.config import Config

from anomaly_rd.evaluation import METRIC_NAMES
from anomaly_rd.evaluation.functional import average_precision, f1_max, roc_auc
from common import ROOT, save
from mminspect.experiments import jobs
from mminspect.vision.images import read_image
from peer_anomalib import finished_rows, peer_rows

FOLDER = ROOT / 'configs' / 'anomaly_rd'
WORK = ROOT / 'work_dirs' / 'anomaly'
#: Category -> data set folder below MMINSPECT_DATA.
SETS = {'screw': 'mvtec_screw', 'fabric02': 'aitex_fabric02'}


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        name: As printed.
        config: Below configs/anomaly_rd, without suffix.
        sets: Categories that it is run on.
        trained: Config whose checkpoint is tested with this one's, which trains nothing itself.
    """

    name: str
    config: str
    sets: tuple[str, ...] = tuple(SETS)
    trained: str | None = None

    def job(self, category: str, seed: int, threads: int) -> jobs.Job:
        """Training and test on one category with one seed."""
        return jobs.Job(
            FOLDER / f'{self.config}.py', WORK / category / f'{Path(self.config).name}_seed{seed}',
            ('--seed', str(seed)), trained=self.trained and Row('', self.trained).job(category, seed, threads),
            environment=dict(MMINSPECT_CATEGORY=category, MMINSPECT_DATASET=SETS[category],
                             OMP_NUM_THREADS=str(threads)))


ROWS = (
    Row('RD4AD', 'rd4ad/rd4ad_r18_20e_mvtec'),
    Row('RD4AD, float32, features computed every time', 'rd4ad/rd4ad_r18_20e_mvtec_plain', ('screw', )),
    Row('RD4AD, float32, features kept', 'rd4ad/rd4ad_r18_20e_mvtec_fp32', ('screw', )),
    Row('RD4AD, bfloat16, features computed every time', 'rd4ad/rd4ad_r18_20e_mvtec_uncached', ('screw', )),
    Row('RD4AD, local loss', 'rd4ad/rd4ad-local_r18_20e_mvtec', ('screw', )),
    Row("RD4AD, AKF's recipe", 'rd4ad/rd4ad_r18_20e_mvtec_akf-recipe'),
    Row('AKF: fusion and OCE', 'akf/akf-oce_r18_20e_mvtec'),
    Row("AKF: fusion and OCE, AKF's recipe", 'akf/akf-oce_r18_20e_mvtec_akf-recipe'),
    Row('AKF ablation: fusion alone', 'akf/akf_r18_20e_mvtec', ('screw', )),
    Row('AKF ablation: concatenation alone', 'akf/traditional_r18_20e_mvtec', ('screw', )),
    Row('RFA', 'rfa/rfa_r18_20e_mvtec'),
    Row('textile (150 + 150 steps of 8), segmentation map', 'textile/textile_r18_300i_mvtec'),
    Row('textile (150 + 150 steps of 8), distillation map', 'textile/textile-distill_r18_300i_mvtec',
        trained='textile/textile_r18_300i_mvtec'),
    Row('MKD, random source, 128x128', 'mkd/mkd_vgg16-random_20e_mvtec'),
    Row('MKD + residual attention, random source, 128x128', 'mkd/mkd-ra_vgg16-random_20e_mvtec', ('screw', )),
)


def scalars(work_dir: Path) -> Iterator[dict]:
    """Every line that mmengine logged in this folder's runs, in order of time."""
    for path in sorted(work_dir.glob('*/vis_data/scalars.json')):
        yield from map(json.loads, path.read_text().splitlines())


def history(work_dir: Path) -> tuple[dict[str, dict[str, float]], float]:
    """Metrics by epoch, and the median seconds of an iteration (data loading included, first epoch left out)."""
    metrics, times = {}, []
    for line in scalars(work_dir):
        if 'image_auroc' in line:
            metrics[str(line['step'])] = {key: line[key] for key in METRIC_NAMES if key in line}
        elif 'time' in line and line.get('epoch', 2) > 1:
            times.append(line['time'])
    return metrics, statistics.median(times) if times else math.nan


def iterations(row: Row, category: str) -> int:
    """Training steps that one look at every image takes."""
    folder = Path(os.environ.get('MMINSPECT_DATA', 'data')) / SETS[category] / category / 'train' / 'good'
    return math.ceil(len(list(folder.glob('*.png'))) / Config.fromfile(
        FOLDER / f'{row.config}.py').train_dataloader.batch_size)


def collect(category: str, seeds: list[int], threads: int, peer: list[dict]) -> None:
    """All rows of one category that have run."""
    rows = []
    for row in ROWS:
        runs = [(seed, job, job.metrics) for seed in seeds for job in [row.job(category, seed, threads)] if job.metrics]
        if category not in row.sets or not runs:
            continue
        rows.append(dict(
            name=row.name, config=f'configs/anomaly_rd/{row.config}.py',
            runs=[dict(seed=seed, **{key: metrics[key] for key in METRIC_NAMES}) for seed, _, metrics in runs],
            by_epoch={str(seed): history(job.work_dir)[0] for seed, job, _ in runs}))
    save(f'anomaly_{category}', seeds=seeds, dataset=SETS[category], image_size=[256, 256], selection='last epoch',
         threads=threads, rows=rows, peer=peer, brightness=brightness(category),
         command=f'python benchmarks/anomaly.py --sets {category} --seeds {" ".join(map(str, seeds))} --peer')


def brightness(category: str) -> dict[str, float]:
    """Image metrics of no model at all: the mean grey value of the image as its score."""
    root = Path(os.environ.get('MMINSPECT_DATA', 'data')) / SETS[category] / category / 'test'
    files = sorted(root.rglob('*.png'))
    scores = np.array([read_image(path).mean() for path in files])
    labels = np.array([path.parent.name != 'good' for path in files])
    return dict(image_auroc=roc_auc(scores, labels), image_ap=average_precision(scores, labels),
                image_f1max=f1_max(scores, labels))


def run(row: Row, category: str, seed: int, threads: int) -> None:
    """Train and test, and say so."""
    job = row.job(category, seed, threads)
    jobs.run(job)
    print(f'{category}, {row.name}, seed {seed}: image AUROC {job.metrics["image_auroc"]:.3f}, pixel AP '
          f'{job.metrics["pixel_ap"]:.3f}', flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--sets', nargs='+', choices=list(SETS), default=list(SETS))
    parser.add_argument('--seeds', type=int, nargs='+', default=[0])
    parser.add_argument('--jobs', type=int, default=1, help='runs at a time')
    parser.add_argument('--threads', type=int, default=2, help='of each run')
    parser.add_argument('--peer', action='store_true', help='run anomalib in an environment of its own')
    parser.add_argument('--only', nargs='+', help='parts of the names of configs')
    parser.add_argument('--only-collect', action='store_true')
    args = parser.parse_args()
    os.chdir(ROOT)
    wanted = [row for row in ROWS if not args.only or any(part in row.config for part in args.only)]
    for category in args.sets:
        for tests_only in () if args.only_collect else (False, True):  # what is tested twice is trained first
            with ThreadPoolExecutor(args.jobs) as pool:
                todo = [(row, category, seed, args.threads) for seed in args.seeds for row in wanted
                        if category in row.sets and bool(row.trained) == tests_only]
                for done in [pool.submit(run, *arguments) for arguments in todo]:
                    done.result()
        rows_of_peer = finished_rows if args.only_collect else peer_rows
        peer = [line for seed in args.seeds if args.peer
                for line in rows_of_peer(SETS[category], 20, seed, [5, 10, 15, 20])]
        collect(category, args.seeds, args.threads, peer)


if __name__ == '__main__':
    main()

"""Seconds per training epoch of RD4AD on mvtec_screw, with and without each measure, and of anomalib's, in one run.

    MMINSPECT_DATA=... MMINSPECT_WEIGHTS=... python benchmarks/anomaly_speed.py

Four epochs each, the first left out (it fills the caches); decoding of images included. The machine should be idle.
What the measures do to the accuracy is in results/anomaly_screw.json.
"""
from __future__ import annotations

import os
import shutil

from anomaly import SETS, WORK, Row, history, iterations
from common import ROOT, save
from mminspect.experiments import jobs
from peer_anomalib import peer_rows

CATEGORY, THREADS, EPOCHS = 'screw', 2, 4
ROWS = (
    Row('ours: bfloat16, features and images kept', 'rd4ad/rd4ad_r18_20e_mvtec'),
    Row('ours: bfloat16, features computed every time', 'rd4ad/rd4ad_r18_20e_mvtec_uncached'),
    Row('ours: float32, features and images kept', 'rd4ad/rd4ad_r18_20e_mvtec_fp32'),
    Row('ours: float32, nothing kept', 'rd4ad/rd4ad_r18_20e_mvtec_plain'),
)


def epoch_seconds(row: Row) -> float:
    """Train anew and read the times from the log."""
    folder = WORK / 'speed' / row.config.split('/')[-1]
    shutil.rmtree(folder, ignore_errors=True)
    options = ('--cfg-options', f'train_cfg.max_epochs={EPOCHS}', f'train_cfg.val_interval={EPOCHS}')
    job = row.job(CATEGORY, 0, THREADS)
    jobs.run(jobs.Job(job.config, folder, (*job.train_arguments, *options), environment=job.environment))
    return history(folder)[1] * iterations(row, CATEGORY)


def main() -> None:
    os.chdir(ROOT)
    peer = peer_rows(SETS[CATEGORY], EPOCHS, 100, [EPOCHS])[-1]
    rows = [dict(name=row.name, config=f'configs/anomaly_rd/{row.config}.py', epoch_seconds=epoch_seconds(row))
            for row in ROWS]
    rows.append(dict(name=peer['name'], config=None, epoch_seconds=peer['epoch_seconds']))
    for row in rows:
        row['times_faster'] = peer['epoch_seconds'] / row['epoch_seconds']
        print(f'{row["name"]:60s} {row["epoch_seconds"]:6.2f} s per epoch, {row["times_faster"]:.2f}x')
    save('anomaly_speed', seed=0, dataset=SETS[CATEGORY], image_size=[256, 256], batch_size=16, threads=THREADS,
         epochs=EPOCHS, peer_versions=peer['versions'], rows=rows, command='python benchmarks/anomaly_speed.py')


if __name__ == '__main__':
    main()

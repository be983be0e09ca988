"""The whole way on rendered pictures, of both halves: data, training, test, tables, pictures.

Vials: teacher, student alone, distilled student. Textures: an anomaly model from good images only. About eight minutes
on two CPU cores, offline, from random initial weights: ``make demo``.
"""
from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from anomaly_rd.datasets.textures_writer import TexturesSpec, make_textures
from fdrd.datasets.vials_writer import VialsSpec, make_vials
from mminspect import runtime
from mminspect.core import cli
from mminspect.experiments import jobs
from mminspect.experiments.table import cell

CONFIGS = Path(__file__).resolve().parent.parent / 'configs'
#: What goes on where an interrupted run stopped.
AGAIN = 'the same command'
TEACHER = 'fdrd/demo/teacher_r18_slim_12e_vials'


class Part(NamedTuple):
    """One half: its pictures, how they are made, and its table of rows (title, config) and columns (title, metric)."""

    name: str
    pictures: str
    render: Callable[[Path], object]
    title: str
    rows: tuple[tuple[str, str], ...]
    columns: tuple[tuple[str, str], ...]


PARTS = (
    Part('vials', '160 + 40 of bottles', lambda folder: make_vials(folder, VialsSpec()),
         'Rendered vials, 40 validation images, last epoch (percent)',
         (('teacher (semantic FPN + SE)', TEACHER),
          ('student alone', 'fdrd/demo/gfl_r18_slim_12e_vials'),
          ('student distilled', 'fdrd/demo/fdrd_gfl_r18_slim_12e_vials')),
         (('AP50', 'mAP_50'), ('AP', 'mAP'), ('APsmall', 'mAP_s'), ('AR', 'AR@100'), ('ARsmall', 'AR_s@1000'),
          ('recall 8-16 px', 'recall_8_16'))),
    Part('textures', '64 + 40 + 99 of textures', lambda folder: make_textures(folder, TexturesSpec()),
         'Rendered textures, 16 good and 24 defective test images, last epoch (percent)',
         (('RD4AD from 64 good images', 'anomaly_rd/demo/rd4ad_r18_10e_textures'), ),
         (('image AUROC', 'image_auroc'), ('pixel AUROC', 'pixel_auroc'), ('AUPRO', 'aupro'),
          ('pixel AP', 'pixel_ap'))))


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, default=Path('work_dirs/demo'), help='folder of everything (%(default)s)')
    parser.add_argument('--part', choices=[part.name for part in PARTS], help='one half only')
    parser.add_argument('--only-train', action='store_true', help='no tests, tables and pictures of predictions')
    return parser.parse_args()


def job_of(config: str, out: Path) -> jobs.Job:
    """Training and test of one config of the demo below ``out``."""
    name = Path(config).name
    amp = ('--amp', ) if runtime.fast_bf16() else ()
    teacher = out / Path(TEACHER).name / 'epoch_12.pth'
    options = ('--cfg-options', f'model.teacher_ckpt={teacher}') if name.startswith('fdrd') else ()
    pictures = ('--show-dir', str(out / name / 'pictures'))
    return jobs.Job(CONFIGS / f'{config}.py', out / name, (*amp, *options), pictures,
                    environment=dict(MMINSPECT_DATA=str(out / 'data')))


def print_table(console: Console, part: Part, results: list[tuple[dict[str, float], float]]) -> None:
    """Metrics in percent; n/a where the ground truth has no such object."""
    table = Table(title=part.title)
    table.add_column('model')
    for title in [*(title for title, _ in part.columns), 'seconds']:
        table.add_column(title, justify='right')
    for (title, _), (metrics, seconds) in zip(part.rows, results, strict=True):
        values = [metrics.get(key, -1) for _, key in part.columns]
        table.add_row(title, *(cell(None if value < 0 else 100 * value) for value in values), f'{seconds:.0f}')
    console.print(table)


def main() -> None:
    """Run the steps; those that are finished are skipped."""
    args = parse_args()
    out, parts = args.out.resolve(), [part for part in PARTS if args.part in (None, part.name)]
    console, start = Console(width=max(110, Console().width)), time.monotonic()
    runtime.prepare_work_dir(str(out), option='--out')
    steps = 1 + sum(len(part.rows) for part in parts)
    console.print(f'1/{steps} rendering pictures: {" and ".join(part.pictures for part in parts)}')
    for part in parts:
        part.render(out / 'data' / part.name)
    console.print(f'    random initial weights, no download; full logs in {os.path.relpath(out)}/*/output.log')
    number, step = 1, jobs.train if args.only_train else jobs.run
    for part in parts:
        results = []
        for title, config in part.rows:
            number, begin = number + 1, time.monotonic()
            console.print(f'{number}/{steps} {title}')
            with jobs.ending_on_sigterm():
                metrics = step(job_of(config, out), echo=lambda line: console.print(f'    {line}', highlight=False))
            results.append((metrics, time.monotonic() - begin))
        if not args.only_train:
            print_table(console, part, results)
    if not args.only_train:
        console.print(f'pictures (ground truth beside prediction, heat maps): {os.path.relpath(out)}/*/pictures')
    console.print(f'{time.monotonic() - start:.0f} s in total; delete {os.path.relpath(out)} to start over')


if __name__ == '__main__':
    cli.run(main, AGAIN)

"""The whole way on rendered pictures: data, teacher, student alone, distilled student, table, pictures.

About five minutes on two CPU cores, offline, from random initial weights: ``make demo``.
"""
from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from fdrd.datasets.vials_writer import VialsSpec, make_vials
from mminspect import cli, jobs, runtime
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = ROOT / 'configs' / 'fdrd' / 'demo'
ROWS = (('teacher (semantic FPN + SE)', 'teacher_r18_slim_12e_vials'),
        ('student alone', 'gfl_r18_slim_12e_vials'),
        ('student distilled', 'fdrd_gfl_r18_slim_12e_vials'))
COLUMNS = (('AP50', 'mAP_50'), ('AP', 'mAP'), ('APsmall', 'mAP_s'), ('AR', 'AR@100'), ('ARsmall', 'AR_s@1000'),
           ('recall 8-16 px', 'recall_8_16'))


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, default=Path('work_dirs/demo'), help='folder of everything (%(default)s)')
    return parser.parse_args()


def job_of(name: str, out: Path) -> jobs.Job:
    """Training and test of one config of the demo below ``out``."""
    amp = ('--amp', ) if runtime.fast_bf16() else ()
    teacher = out / ROWS[0][1] / 'epoch_12.pth'
    options = ('--cfg-options', f'model.teacher_ckpt={teacher}') if name.startswith('fdrd') else ()
    return jobs.Job(CONFIGS / f'{name}.py', out / name, (*amp, *options), ('--show-dir', str(out / name / 'pictures')),
                    environment=dict(MMINSPECT_DATA=str(out / 'data')))


def print_table(console: Console, rows: list[tuple[str, dict[str, float], float]]) -> None:
    """Metrics in percent; n/a where the ground truth has no such object."""
    table = Table(title='Rendered vials, 40 validation images, last epoch (percent)')
    table.add_column('model')
    for title, _ in COLUMNS:
        table.add_column(title, justify='right')
    table.add_column('seconds', justify='right')
    for name, metrics, seconds in rows:
        values = [f'{100 * metrics[key]:.1f}' if metrics.get(key, -1) >= 0 else 'n/a' for _, key in COLUMNS]
        table.add_row(name, *values, f'{seconds:.0f}')
    console.print(table)


def main() -> None:
    """Run the steps; those that are finished are skipped."""
    out = parse_args().out.resolve()
    console, start = Console(width=max(110, Console().width)), time.monotonic()
    runtime.prepare_work_dir(str(out))
    console.print('1/4 rendering 160 + 40 pictures of bottles')
    make_vials(out / 'data' / 'vials', VialsSpec())
    console.print(f'    random initial weights, no download; full logs in {os.path.relpath(out)}/*/output.log')
    rows = []
    for number, (title, name) in enumerate(ROWS, start=2):
        console.print(f'{number}/4 {title}')
        begin = time.monotonic()
        metrics = jobs.run(job_of(name, out), echo=lambda line: console.print(f'    {line}', highlight=False))
        rows.append((title, metrics, time.monotonic() - begin))
    print_table(console, rows)
    console.print(f'pictures (ground truth beside prediction): {os.path.relpath(out)}/*/pictures')
    console.print(f'{time.monotonic() - start:.0f} s in total; delete {os.path.relpath(out)} to start over')


if __name__ == '__main__':
    cli.run(main)

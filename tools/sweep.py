"""Train and test configs x categories x seeds, one model each, and write one table.

Example::

    mminspect sweep --configs configs/anomaly_rd/rd4ad/rd4ad_r18_20e_mvtec.py --data-root data/mvtec \\
        --categories all --seeds 0 1 2 --jobs 2 --out work_dirs/sweep/rd4ad

What is finished is skipped and what was interrupted is resumed, so the command can be repeated. A failed run does not
stop the others; it is n/a in the table. Other options for the same configs need another --work-root.
"""
from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from anomaly_rd import sweep, sweep_table
from mminspect import runtime
from mminspect.core import cli
from mminspect.core.config_names import find_config
from mminspect.core.errors import UserError
from mminspect.core.fileio import replacing
from mminspect.core.log import quiet_log
from mminspect.core.outputs import check_output_folder, place
from mminspect.core.setup import setup
from mminspect.core.system import core_count
from mminspect.experiments import table
from mminspect.experiments.jobs import ending_on_sigterm

#: What goes on where an interrupted run stopped.
AGAIN = 'the same command'


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--configs', nargs='+', required=True, metavar='CONFIG')
    parser.add_argument('--categories', nargs='+', default=[sweep.ALL], metavar='NAME',
                        help='folders of the data roots, or "all" (default)')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0], metavar='N')
    parser.add_argument('--data-root', nargs='+', default=[default_root()], metavar='FOLDER',
                        help='folders of categories (default: %(default)s)')
    parser.add_argument('--textures', nargs='+', default=[], metavar='NAME',
                        help='categories that are textures, besides those of MVTec AD')
    parser.add_argument('--work-root', type=place, default='work_dirs/sweep/runs',
                        help='folder of the runs (default: %(default)s)')
    parser.add_argument('--out', type=place, default='work_dirs/sweep', help='folder of sweep.md and sweep.json '
                                                                 '(default: %(default)s)')
    parser.add_argument('--jobs', type=int, default=1, help='runs at a time; they share the CPU (default: 1)')
    parser.add_argument('--amp', action='store_true', help='train in mixed precision')
    parser.add_argument('--show-dir', help='draw pictures of every test into this folder of its work dir')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE',
                        help='override entries of all configs')
    return parser.parse_args(argv)


def default_root() -> str:
    """As the base configs have it."""
    return f'{os.environ.get(sweep.DATA, "data")}/{os.environ.get(sweep.DATASET, "mvtec")}'


def arguments_of(args: argparse.Namespace) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What mminspect train and mminspect test get."""
    options = ('--cfg-options', *args.cfg_options) if args.cfg_options else ()
    show = ('--show-dir', args.show_dir) if args.show_dir else ()
    return (*(('--amp', ) if args.amp else ()), *options), (*show, *options)


def main(argv: Sequence[str] | None = None) -> None:
    """Check everything named, run what is missing, print and write the table."""
    args = parse_args(argv)
    for option, folder in (('--work-root', args.work_root), ('--out', args.out)):
        check_output_folder(folder, option)
    setup()
    if args.jobs < 1:
        raise UserError(f'--jobs must be at least 1, got {args.jobs}')
    if wrong := [seed for seed in args.seeds if not 0 <= seed < 2**32]:
        raise UserError(f'--seeds has {wrong[0]}: give whole numbers from 0 to {2**32 - 1}')
    categories = sweep.locate_categories(args.categories, args.data_root)
    with quiet_log():
        for config in args.configs:
            runtime.load_config(config, cli.parse_options(args.cfg_options))
    configs = [str(find_config(config)) for config in args.configs]
    threads = None if os.environ.get('OMP_NUM_THREADS') else max(1, core_count() // args.jobs)
    runs = sweep.make_runs(configs, categories, args.seeds, args.work_root, arguments_of(args), threads)
    for option, folder in (('--work-root', args.work_root), ('--out', args.out)):
        runtime.prepare_work_dir(folder, option=option)
    for run in runs:
        _ = run.metrics  # a damaged file ends the command now, not behind hours of training
    with ending_on_sigterm():
        failed = sweep.run_all(runs, args.jobs, echo=lambda line: print(line, flush=True))
    summary = sweep_table.summarise(runs, args.textures)
    content = sweep_table.cells(summary)
    for name, text in (('sweep.md', f'{table.markdown(*content)}\n\n{sweep_table.CAPTION}\n'),
                       ('sweep.json', sweep_table.record(runs, summary, failed))):
        with replacing(Path(args.out) / name) as handle:
            handle.write(text.encode())
    print(table.text(*content), sweep_table.CAPTION, sep='\n\n')
    if failed:
        raise UserError(f'{len(failed)} of {len(runs)} runs failed (first: {next(iter(failed))}: '
                        f'{next(iter(failed.values()))}); the same command tries them again')


if __name__ == '__main__':
    cli.run(main, AGAIN)

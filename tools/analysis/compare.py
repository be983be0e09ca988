"""Several configs in one table, beside the rows the paper prints.

Example::

    mminspect compare configs/fdrd/gfl_r18_48e_medicine.py configs/fdrd/detectors/*.py --run

Metrics come from <work root>/<name of the config>/metrics.json, which mminspect test writes. With --run, what is not
trained or tested yet is, what was interrupted goes on, and what is finished is left as it is.
"""
from __future__ import annotations

import argparse
from collections.abc import Sequence

from fdrd import comparison
from fdrd.published import references_of
from mminspect import runtime
from mminspect.core import cli
from mminspect.core.config_names import find_config
from mminspect.core.errors import UserError
from mminspect.core.fileio import replacing
from mminspect.core.outputs import check_output_file, check_output_folder, place
from mminspect.experiments import table
from mminspect.experiments.jobs import ending_on_sigterm, run

#: What goes on where an interrupted run stopped.
AGAIN = 'the same command with --run'


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', nargs='+', metavar='CONFIG')
    parser.add_argument('--work-root', type=place, default='work_dirs',
                        help='folder of the runs (default: %(default)s)')
    parser.add_argument('--run', action='store_true', help='train and test what has no metrics yet')
    parser.add_argument('--shape', type=int, nargs=2, default=[800, 1280], metavar=('HEIGHT', 'WIDTH'),
                        help='input of FLOPs and FPS in pixels (default: 800 1280)')
    parser.add_argument('--images', type=int, default=0, metavar='N',
                        help='measure FPS with so many images; that takes a while (default: not)')
    parser.add_argument('--published', nargs='+', default=[], metavar='TABLE:ROW',
                        help='further rows of the paper, e.g. table3:tood')
    parser.add_argument('--out', type=place, help='write the numbers to this JSON file')
    parser.add_argument('--markdown', type=place, help='write the table to this Markdown file')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Check everything named, run what is missing, print and write the table."""
    args = parse_args(argv)
    shape = tuple(args.shape)
    for option, path in (('--out', args.out), ('--markdown', args.markdown)):
        if path:
            check_output_file(path, option)
    if args.run:
        check_output_folder(args.work_root, '--work-root')
    configs = [str(find_config(config)) for config in args.configs]
    jobs = comparison.jobs_of(configs, args.work_root)
    cfgs = [runtime.load_config(config) for config in configs]
    if wrong := [cfg.filename for cfg in cfgs if cfg.get('default_scope', 'mmdet') != 'mmdet']:
        raise UserError(f'{wrong[0]} is no detector, and this table has the AP of boxes: anomaly models have '
                        'mminspect sweep')
    references = [reference for cfg in cfgs for reference in references_of(cfg.get('published'))]
    for reference in [*args.published, *references]:
        comparison.published_row(reference)
    for job in jobs:
        comparison.metrics_of(job)  # a damaged file ends the command now, not behind hours of training
    for job in jobs if args.run else ():
        print(f'{job.config}: {"training and testing" if job.metrics is None else "finished"}', flush=True)
        with ending_on_sigterm():
            run(job, echo=lambda line: print(f'  {line}', flush=True))
    rows = comparison.with_published(
        [comparison.measured_row(job, shape, args.images) for job in jobs], args.published)
    content, caption = comparison.cells(rows), comparison.caption(shape, args.images)
    print(table.text(*content), caption, sep='\n\n')
    for path, written in ((args.out, comparison.record(rows, shape, args.images)),
                          (args.markdown, f'{table.markdown(*content)}\n\n{caption}\n')):
        if path:
            with replacing(path) as handle:
                handle.write(written.encode())


if __name__ == '__main__':
    cli.run(main, AGAIN)

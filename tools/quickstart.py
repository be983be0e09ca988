"""From a folder of good pictures to a calibrated model and an inspected folder.

Example::

    mminspect quickstart photos/good --test photos/new

Needs `pip install .[teacher]`, and a few minutes for 200 pictures on two processor cores. Writes
work_dirs/<name> with the config, the exported model and report.html. The same command goes on where it was
interrupted.
"""
from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from anomaly_rd.quickstart import HOW_MANY, Settings, quickstart
from mminspect.core import cli
from mminspect.core.outputs import check_output_folder, place
from mminspect.core.setup import setup
from mminspect.experiments.jobs import ending_on_sigterm

#: What goes on where an interrupted run stopped.
AGAIN = 'the same command'


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('good', type=place, metavar='FOLDER_OF_GOOD',
                        help=f'pictures of good parts, {HOW_MANY}')
    parser.add_argument('--test', type=place, metavar='FOLDER',
                        help='pictures to inspect, with those in sub-folders (default: good ones that the training '
                             'did not see)')
    parser.add_argument('--out', type=place, metavar='FOLDER', help='folder of the run (default: work_dirs/<name>)')
    parser.add_argument('--false-reject-rate', type=float, metavar='R',
                        help='share of good parts that may be rejected (default: the smallest that the number of '
                             'pictures can promise)')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """All steps, and where to look."""
    args, start = parse_args(argv), time.monotonic()
    if args.out:
        check_output_folder(args.out, '--out')
    setup()
    settings = Settings(args.good, args.test, args.out, args.false_reject_rate)
    with ending_on_sigterm():
        paths = quickstart(settings, echo=lambda line: print(line, flush=True))
    print(f'model: {paths.model}\nreport, open it first: {paths.report}\n{time.monotonic() - start:.0f} s in total')


if __name__ == '__main__':
    cli.run(main, AGAIN)

"""Look at the data of a config before it is trained on: ``mminspect check CONFIG``.

Example::

    mminspect check configs/my_part.py --json work_dirs/check/my_part.json

Prints what is there, what is left out, what is there twice, what vanishes on the way to the network and what gives
defects away, and writes a page with pictures. Status 2 if the checks before a training would end it.
"""
from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mminspect import runtime
from mminspect.core import cli
from mminspect.core.errors import UserError
from mminspect.core.fileio import replacing
from mminspect.core.outputs import check_output_file, place
from mminspect.core.setup import setup
from mminspect.survey.conclusions import conclude
from mminspect.survey.findings import ERROR
from mminspect.survey.page import report
from mminspect.survey.record import record
from mminspect.survey.surveying import survey
from mminspect.survey.terminal import progress, show


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file, or name of a config of this project')
    parser.add_argument('--out', type=place, metavar='FILE',
                        help='the page (default: work_dirs/check/<config name>.html)')
    parser.add_argument('--json', type=place, metavar='FILE', help='all figures, for machines')
    parser.add_argument('--min-size', type=float, metavar='PX',
                        help='objects below this many pixels at the network\'s input count as small (default: the '
                             'smallest stride of the detector, else 4)')
    parser.add_argument('--workers', type=int, default=2, metavar='N', help='threads that decode (default: 2)')
    parser.add_argument('--cfg-options', nargs='+', action=cli.OptionsAction, metavar='KEY=VALUE',
                        help='override entries of the config')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Look, tell, write."""
    args = parse_args(argv)
    setup()
    if args.workers < 1:
        raise UserError(f'--workers is {args.workers}: give a whole number, at least 1')
    if args.min_size is not None and not 0 < args.min_size < float('inf'):
        raise UserError(f'--min-size is {args.min_size}: give a number of pixels above 0')
    cfg = runtime.load_config(args.config, args.cfg_options)
    name = Path(cfg.filename).stem
    page, figures = args.out or Path('work_dirs', 'check', f'{name}.html'), args.json
    for option, path in (('--out', page), ('--json', figures)):
        if path is not None:
            check_output_file(path, option)
    if figures is not None and figures.resolve() == page.resolve():
        raise UserError(f"--out and --json name the same file, '{page}': give two")
    found = survey(cfg, name, args.min_size, args.workers, progress)
    found.findings += conclude(found)
    for path, write in ((page, report), (figures, record)):
        if path is not None:
            with replacing(path) as handle:
                handle.write(write(found).encode('utf-8', 'replace'))
    show(found)
    print(f'report, open it in a browser: {page}' + (f'\nfigures: {figures}' if figures else ''), flush=True)
    return 2 if any(finding.level == ERROR for finding in found.findings) else 0


if __name__ == '__main__':
    cli.run(main)

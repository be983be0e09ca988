"""Render pictures of foreign objects in a bottle of liquid: the data set of the demo.

Example::

    mminspect make-vials data/vials --train 160 --val 40
"""
from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from fdrd.datasets.vials_writer import VialsSpec, make_vials
from mminspect.core import cli
from mminspect.core.outputs import check_output_folder, place
from mminspect.experiments.rendered_set import report


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Command line arguments; their defaults are those of ``VialsSpec``."""
    default = VialsSpec()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', type=place, help='folder to make; must not exist, or be empty, or be the same set')
    parser.add_argument('--train', type=int, default=default.train, help='number of training images (%(default)s)')
    parser.add_argument('--val', type=int, default=default.val, help='number of validation images (%(default)s)')
    parser.add_argument('--size', type=int, nargs=2, default=default.size, metavar=('WIDTH', 'HEIGHT'),
                        help='in pixels; objects grow with the height (320 136)')
    parser.add_argument('--seed', type=int, default=default.seed, help='image i depends on this and i (%(default)s)')
    parser.add_argument('--empty', type=float, default=default.empty, help='share without objects (%(default)s)')
    parser.add_argument('--classes', choices=('merged', 'kinds'), default='merged',
                        help="one class 'foreign', or hair, rubber, glass, fibre, metal (%(default)s)")
    parser.add_argument('--voc', action='store_true', help='also write the set in VOC layout')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Render and say what was done."""
    args = parse_args(argv)
    if not os.path.isfile(args.out):  # which has its own sentence
        check_output_folder(args.out)
    spec = VialsSpec(args.train, args.val, tuple(args.size), args.seed, args.empty, args.classes == 'kinds', args.voc)
    report(args.out, f'{spec.train} + {spec.val}', lambda: make_vials(args.out, spec))
    return 0


if __name__ == '__main__':
    cli.run(main)

"""Render pictures of woven cloth with and without defects, in the layout of MVTec AD: the anomaly data set of the demo.

Example::

    mminspect make-textures data/textures
"""
from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from anomaly_rd.datasets.textures_writer import TexturesSpec, make_textures
from mminspect.core import cli
from mminspect.core.outputs import check_output_folder, place
from mminspect.experiments.rendered_set import report


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Command line arguments; their defaults are those of ``TexturesSpec``."""
    default = TexturesSpec()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', type=place, help='folder to make; must not exist, or be empty, or be the same set')
    parser.add_argument('--train', type=int, default=default.train, help='number of training images (%(default)s)')
    parser.add_argument('--good', type=int, default=default.good, help='number of good test images (%(default)s)')
    parser.add_argument('--defective', type=int, default=default.defective,
                        help='number of defective test images of each of the three kinds (%(default)s)')
    parser.add_argument('--calibration', type=int, default=default.calibration,
                        help='number of good images for a threshold (%(default)s)')
    parser.add_argument('--size', type=int, default=default.size, help='side in pixels, a multiple of 32 (%(default)s)')
    parser.add_argument('--seed', type=int, default=default.seed, help='image i depends on this and i (%(default)s)')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Render and say what was done."""
    args = parse_args(argv)
    if not os.path.isfile(args.out):  # which has its own sentence
        check_output_folder(args.out)
    spec = TexturesSpec(**{name: value for name, value in vars(args).items() if name != 'out'})
    report(args.out, str(sum(number for *_, number in spec.parts())), lambda: make_textures(args.out, spec))
    return 0


if __name__ == '__main__':
    cli.run(main)

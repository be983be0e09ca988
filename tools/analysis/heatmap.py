"""Feature heat maps of teacher and student beside the image, one PNG per image, as in the paper's Fig. 5.

Example::

    mminspect heatmap --student configs/fdrd/gfl_r18_48e_medicine.py student.pth \\
        --teacher configs/fdrd/teacher/semantic-se_r50_48e_medicine.py teacher.pth --images data/vials/val --out maps

A map is the mean of absolute values over the channels of a neck output; both maps of a picture share their colours.
"""
from __future__ import annotations

import argparse
from collections.abc import Sequence

from fdrd.visualization.heatmap import Network, save_heatmaps
from mminspect import runtime
from mminspect.core import cli
from mminspect.core.names import printable
from mminspect.core.outputs import check_output_folder, place
from mminspect.experiments.environment import default_device
from mminspect.inspection.sources import search_images
from mminspect.models.building import load_model


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--student', nargs=2, required=True, metavar=('CONFIG', 'CHECKPOINT'))
    parser.add_argument('--teacher', nargs=2, required=True, metavar=('CONFIG', 'CHECKPOINT'))
    parser.add_argument('--images', nargs='+', required=True, metavar='FILE_OR_FOLDER')
    parser.add_argument('--out', type=place, required=True, help='folder for the pictures, made if it is missing')
    parser.add_argument('--level', type=int, default=0, help='number of the neck\'s output, 0 is the finest (default)')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Load both detectors and draw."""
    args = parse_args(argv)
    check_output_folder(args.out, '--out')
    configs = {role: runtime.load_config(getattr(args, role)[0]) for role in ('teacher', 'student')}
    found = search_images(args.images)
    if found.told:
        print(printable(found.told))
    networks = [Network.of(cfg, load_model(cfg, getattr(args, role)[1], default_device()))
                for role, cfg in configs.items()]
    written = save_heatmaps(*networks, [image.path for image in found.images], args.out, args.level)
    print(f'{len(written)} pictures in {args.out}')


if __name__ == '__main__':
    cli.run(main)

"""Convert a Pascal VOC data set to COCO annotation files.

Examples::

    # all images at random, 80 % train and 20 % val
    python tools/datasets/voc2coco.py data/medicine_liquid --out data/medicine_liquid/annotations_coco --split 0.8
    # the lists in ImageSets/Main; values that count from 0
    python tools/datasets/voc2coco.py data/deeppcb --out data/deeppcb/annotations_0based --offset 0
"""
from __future__ import annotations

import argparse
from collections.abc import Sequence

from fdrd.datasets.voc2coco import VOCLayout, convert
from mminspect.core import cli
from mminspect.core.outputs import check_output_folder, place


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Command line arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', type=place, help='folder with Annotations, JPEGImages and maybe ImageSets/Main')
    parser.add_argument('--out', type=place, required=True, help='folder for instances_<split>.json and <split>.txt')
    parser.add_argument('--split', type=float, nargs='+', metavar='FRACTION',
                        help='train fraction, the rest is val; with two fractions (train, val) the rest is test; '
                        'without this option the lists in ImageSets/Main are used')
    parser.add_argument('--seed', type=int, default=0, help='of the random split (default: 0)')
    parser.add_argument('--offset', type=int, choices=(0, 1), default=1,
                        help='subtracted from all corners; 1 as mmdet does for VOC (default), 0 for values from 0')
    parser.add_argument('--classes', help='names separated by commas, in the order of their ids (default: all, sorted)')
    parser.add_argument('--images', default='JPEGImages', help='name of the image folder (default: JPEGImages)')
    parser.add_argument('--annotations', default='Annotations', help='name of the XML folder (default: Annotations)')
    args = parser.parse_args(argv)
    if args.split and len(args.split) > 2:
        parser.error('--split takes one or two fractions')
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Convert and say what was written."""
    args = parse_args(argv)
    check_output_folder(args.out, '--out')
    layout = VOCLayout(args.root, args.images, args.annotations, args.offset)
    classes = [name.strip() for name in args.classes.split(',') if name.strip()] if args.classes else None
    print('\n'.join(convert(layout, args.out, args.split, args.seed, classes)))
    print(f'written to {args.out}')
    return 0


if __name__ == '__main__':
    cli.run(main)

"""Convert outlines drawn with Labelme to masks, one PNG of 0 and 255 for each image.

Polygons, rectangles, circles and painted masks count. Shapes without an area (points, lines) are left out, with a
warning that names the file.

Examples::

    # data/boards/test/<defect>/<image>.json  ->  data/boards/ground_truth/<defect>/<image>_mask.png
    python tools/datasets/labelme2mask.py data/boards/test --out data/boards/ground_truth
    # only some of the labels
    python tools/datasets/labelme2mask.py drawn --out masks --labels scratch,dent
"""
from __future__ import annotations

import argparse
from collections.abc import Sequence

from anomaly_rd.datasets.labelme import convert
from mminspect.core import cli
from mminspect.core.errors import UserError
from mminspect.core.outputs import check_output_folder, place


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Command line arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', type=place, help='folder with JSON files, also in folders below it')
    parser.add_argument('--out', type=place, required=True, help='folder for the masks, with the same folders below it')
    parser.add_argument('--labels', help='names separated by commas (default: all shapes)')
    parser.add_argument('--suffix', default='_mask', help="behind the name of the image (default: '_mask')")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Convert and say what was written."""
    args = parse_args(argv)
    check_output_folder(args.out, '--out')
    if '/' in args.suffix or '\\' in args.suffix:
        raise UserError(f'--suffix {args.suffix!r} would lead into another folder: give letters of a name')
    labels = [name.strip() for name in args.labels.split(',') if name.strip()] if args.labels else None
    print('\n'.join(convert(args.source, args.out, labels, args.suffix)))
    print(f'written to {args.out}')
    return 0


if __name__ == '__main__':
    cli.run(main)

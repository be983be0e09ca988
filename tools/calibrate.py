"""Choose the threshold of a model by the share of good parts that it may reject, from images of good parts alone.

Example::

    mminspect calibrate model.onnx photos/good --false-reject-rate 0.01

Scores the images, stores threshold and scores in the model file (.onnx, or .pth under the key 'threshold') and prints
what rate to expect. Use good parts that the training did not see. --tile and --overlap are stored too: images are then
inspected in the same way.
"""
from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mminspect.core import cli
from mminspect.core.errors import UserError
from mminspect.decisions import lowest_percentage, needed_images
from mminspect.inspection.calibrating import calibrate, check_storable, store_calibration
from mminspect.inspection.command import MODEL_HELP, add_running_options, progress_bar, running_options
from mminspect.inspection.load import make_inspector, open_model
from mminspect.inspection.sources import search_images


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('model', help=MODEL_HELP)
    parser.add_argument('folder', type=Path, help='images of good parts')
    parser.add_argument('--false-reject-rate', type=float, required=True, metavar='R',
                        help='share of good parts that may be rejected, e.g. 0.01')
    add_running_options(parser)
    parser.add_argument('--dry-run', action='store_true', help='print, but leave the model file as it is')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Check everything named, score, print, store."""
    args = parse_args(argv)
    if not args.dry_run:
        check_storable(args.model)
    found = search_images([args.folder])
    images = found.images
    if found.told:
        print(found.told)
    rate, needed = args.false_reject_rate, needed_images(args.false_reject_rate)
    if len(images) < needed:
        raise UserError(f'{args.folder} holds {len(images)} images, which are too few for a false-reject rate of '
                        f'{100 * rate:g} %: give {needed} at least, or ask for {lowest_percentage(len(images))} % or '
                        'more')
    options = running_options(args)
    tiles = {name: options.pop(name) for name in ('tile', 'overlap')}
    network, opened = open_model(args.model, **options)
    inspector = make_inspector(network, **tiles)
    results = inspector.many([image.path for image in images], args.batch, [image.name for image in images])
    with progress_bar() as bar:
        calibration = calibrate(bar.track(results, len(images), description='scoring'), rate,
                                'normal images of ' + '/'.join(args.folder.resolve().parts[-2:]), inspector.calibration,
                                inspector.tile, inspector.overlap)
    expected = calibration.scores.false_reject_rate(calibration.threshold.value)
    print(f'threshold: {calibration.threshold}, was {inspector.threshold or "not set"}')
    print(f'good parts that it rejects: {expected}')
    if calibration.fused is not None:
        print(f'limit of normal pixels: {calibration.fused.limit:.4g}')
    if args.dry_run:
        print(f'--dry-run: {args.model} is as it was')
        return
    store_calibration(args.model, calibration, opened)
    print(f'stored in {args.model}')


if __name__ == '__main__':
    cli.run(main)

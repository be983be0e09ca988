"""Choose the threshold of a model by the share of good parts that it may reject, from images of good parts alone.

Example::

    mminspect calibrate model.onnx photos/good --false-reject-rate 0.01

Scores the images, stores threshold and scores in the model file (.onnx, or .pth under the key 'threshold') and prints
what rate to expect. Use good parts that the training did not see. --tile and --overlap are stored too: images are then
inspected in the same way. A warning says where the images score otherwise than those by which the model was calibrated
before, as of its training's hold-out, and where the threshold moves far; others, where the images are those of the
training, or lie in several folders of which none is called good. Copies of an image, recompressed ones too, count once.
"""
from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from mminspect.core import cli
from mminspect.core.errors import UserError
from mminspect.core.locks import replacing_alone
from mminspect.core.names import printable
from mminspect.core.outputs import place
from mminspect.decisions import calibration_changes, lowest_percentage, needed_images
from mminspect.inspection.calibrating import calibrate, check_storable, store_calibration
from mminspect.inspection.command import MODEL_HELP, add_running_options, progress_bar, running_options
from mminspect.inspection.good_parts import check_good_parts, folders_without_good
from mminspect.inspection.load import config_for, make_inspector, open_model
from mminspect.inspection.sources import ImageFile, search_images
from mminspect.models.checkpoint import Checkpoint
from mminspect.survey.calibration_images import CalibrationImages, seen_by_training, training_warning


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('model', help=MODEL_HELP)
    parser.add_argument('folder', type=place, help='images of good parts')
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
        print(printable(found.told))
    names = [image.name for image in images]
    check_good_parts(names, args.folder)
    warn(folders_without_good(names, args.folder))
    rate, needed = args.false_reject_rate, needed_images(args.false_reject_rate)
    if len(images) < needed:
        raise UserError(f'{args.folder} holds {len(images)} images, which are too few for a false-reject rate of '
                        f'{100 * rate:g} %: give {needed} at least, or ask for {lowest_percentage(len(images))} % or '
                        'more')
    with nullcontext() if args.dry_run or not Path(args.model).is_file() else replacing_alone(args.model):
        fit_and_store(args, images)


def fit_and_store(args: argparse.Namespace, images: Sequence[ImageFile]) -> None:
    """Score, print, and store unless it is a dry run."""
    origin = printable('normal images of ' + '/'.join(args.folder.resolve().parts[-2:]))
    options = running_options(args)
    tiles = {name: options.pop(name) for name in ('tile', 'overlap')}
    network, opened = open_model(args.model, **options)
    inspector = make_inspector(network, **tiles)
    warn(training_warning(args.folder, [str(image.path) for image in images], seen_by(args, opened, images)))
    parts = CalibrationImages(inspector.spec.reading.read)
    pairs = inspector.pairs([image.path for image in images], args.batch, [image.name for image in images])
    with progress_bar() as bar:
        for pixels, result in bar.track(pairs, len(images), description='scoring'):
            parts.add(result, pixels)
    calibration = calibrate(parts.counted_once([image.path for image in images]), args.false_reject_rate, origin,
                            inspector.calibration, inspector.tile, inspector.overlap)
    expected = calibration.scores.false_reject_rate(calibration.threshold.value)
    print(f'threshold: {calibration.threshold}, was {inspector.threshold or "not set"}')
    print(f'good parts that it rejects: {expected.beside(args.false_reject_rate)}')
    for text in calibration_changes(inspector.calibration, calibration):
        warn(text)
    if calibration.fused is not None:
        print(f'limit of normal pixels: {calibration.fused.limit:.4g}')
    if args.dry_run:
        print(f'--dry-run: {args.model} is as it was')
        return
    store_calibration(args.model, calibration, opened)
    print(f'stored in {args.model}')


def seen_by(args: argparse.Namespace, opened: Checkpoint | None,
            images: Sequence[ImageFile]) -> Callable[[], list[str]] | None:
    """Finds the images that the training of a checkpoint had; None for an exported model, which does not know it."""
    if opened is None:
        return None
    return lambda: seen_by_training(config_for(opened, args.config, args.imports), opened.path,
                                    [str(image.path) for image in images])


def warn(text: str | None) -> None:
    """Print what is odd but allowed."""
    if text:
        print(f'warning: {printable(text)}')


if __name__ == '__main__':
    cli.run(main)

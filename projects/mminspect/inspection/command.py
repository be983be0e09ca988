"""Behind mminspect inspect: images in, a folder of results out."""
from __future__ import annotations

import argparse
import sys
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from mminspect.core.errors import UserError
from mminspect.core.locks import writing_alone
from mminspect.core.names import printable
from mminspect.core.outputs import check_output_folder, place
from mminspect.decisions import SMALLEST_WINDOW, DriftMonitor, NormalScores

from .inspector import Inspector
from .load import load_inspector
from .output import OutputFolder, read_lines
from .output.folder import LINES, MAPS, OVERLAYS, prepare_folder
from .result import STAGES
from .sources import ImageFile, search_images, short_names

DESCRIPTION = """Inspect images with a trained or exported model.

Example::

    mminspect inspect work_dirs/rd4ad/epoch_20.pth photos --out results --maps

Writes results.jsonl (a line for each image), results.csv and overlays/ into the folder, with --maps also maps/. Ctrl-C
leaves what is done; the same command with --resume goes on. The status is not 0 if an image could not be read."""
MODEL_HELP = 'exported model (.onnx, or a suffix that --import registers) or checkpoint (.pth, .safetensors)'


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('model', help=MODEL_HELP)
    parser.add_argument('images', nargs='+', help='images, or folders of images with their sub-folders')
    parser.add_argument('--out', type=place, required=True, help='folder of the results')
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument('--threshold', type=float, help='on the score, in place of the model\'s')
    limit.add_argument('--false-reject-rate', type=float, metavar='R',
                       help='choose the threshold by the share of good parts that it may reject, e.g. 0.01')
    add_running_options(parser)
    parser.add_argument('--drift-window', type=_window, default=200, metavar='N',
                        help='compare the last N scores with those of the calibration and warn if their distribution '
                             'has moved (default: 200)')
    parser.add_argument('--maps', action='store_true', help='write the anomaly maps, TIFF of 32-bit floats')
    parser.add_argument('--no-overlays', action='store_true', help='draw no pictures')
    earlier = parser.add_mutually_exclusive_group()
    earlier.add_argument('--overwrite', action='store_true', help='remove earlier results in the folder')
    earlier.add_argument('--resume', action='store_true', help='keep earlier results, inspect what is missing')
    return parser.parse_args(argv)


def add_running_options(parser: argparse.ArgumentParser) -> None:
    """How a model is run: the same for every tool that inspects images."""
    parser.add_argument('--config', help='config file of the checkpoint, a program that runs when it is read '
                                         '(default: the config in the checkpoint, which is data)')
    parser.add_argument('--import', dest='imports', action='append', default=[], metavar='MODULE',
                        help='Python module that you trust: of the method, where the checkpoint names one that no '
                             'installed package of methods has, or of a runtime (docs/add_a_target.md)')
    parser.add_argument('--runtime', metavar='NAME',
                        help='onnxruntime or openvino for .onnx, or one that --import registers (default: the first '
                             'for files of this suffix; pytorch for a checkpoint)')
    parser.add_argument('--precision', metavar='NAME',
                        help='of the runtime; bf16 of openvino is faster on processors that compute in it '
                             '(default: f32)')
    parser.add_argument('--device', default='cpu',
                        help='of pytorch, or of a runtime that knows others, e.g. cuda (default: cpu)')
    parser.add_argument('--tile', type=int, metavar='PIXELS',
                        help='cut images into tiles of this side, 0 for none (default: as the model was calibrated or '
                             'trained)')
    parser.add_argument('--overlap', type=int, metavar='PIXELS',
                        help='that neighbouring tiles have at least (default: likewise, of another tile an eighth)')
    parser.add_argument('--batch', type=_positive, default=1, help='images, or tiles, at a time (default: 1)')


def running_options(args: argparse.Namespace) -> dict[str, Any]:
    """Those of :func:`add_running_options` for :func:`load_inspector`."""
    names = ('config', 'runtime', 'precision', 'device', 'imports', 'tile', 'overlap')
    return {name: getattr(args, name) for name in names}


def main(argv: Sequence[str] | None = None) -> None:
    """Check everything named, inspect, sum up."""
    args = parse_args(argv)
    check_output_folder(args.out, '--out')
    found = search_images(args.images, without=(args.out, args.out / OVERLAYS, args.out / MAPS))
    images = found.images
    inspector = load_inspector(args.model, **running_options(args), threshold=args.threshold,
                               false_reject_rate=args.false_reject_rate)
    if args.maps and 'anomaly_map' not in inspector.spec.outputs:
        raise UserError(f'--maps: {inspector.spec.name} gives no anomaly map, leave the option out')
    if found.told:
        print(printable(found.told))
    refusal = f"another inspection writes into '{args.out}': wait for its end, or give another folder with --out"
    with writing_alone(args.out, 'inspect', refusal):
        prepare_folder(args.out, inspector.model, inspector.threshold, args.overwrite, args.resume)
        failed = inspect_all(inspector, images, args)
        sum_up(args.out, inspector, args.drift_window)
    for name, reason in failed.items():
        print(f'not inspected: {printable(f"{name}: {reason}")}', file=sys.stderr)
    if failed:
        raise UserError(f'{len(failed)} of {len(images)} images could not be read, the others are done: repair or '
                        'remove the images listed above and run the same command with --resume')


def inspect_all(inspector: Inspector, images: Sequence[ImageFile], args: argparse.Namespace) -> dict[str, str]:
    """Inspect what has no result yet; why images could not be read, by their names."""
    without = ('none, so that images get scores but no decisions until mminspect calibrate '
               f'{printable(args.model)} GOOD --false-reject-rate 0.01 has chosen one, from a folder of good parts')
    print(f'threshold: {inspector.threshold or without}')
    scale = inspector.calibration and inspector.calibration.fused
    failed: dict[str, str] = {}
    with OutputFolder(args.out, short_names(image.name for image in images), scale, not args.no_overlays,
                      args.maps) as out:
        todo = [image for image in images if image.name not in out.done]
        with progress_bar() as bar:
            task = bar.add_task('inspecting', total=len(todo))

            def note(name: str, error: UserError) -> None:
                failed[name] = str(error)
                bar.advance(task)

            for pixels, result in inspector.pairs([image.path for image in todo], args.batch,
                                                  [image.name for image in todo], note):
                out.add(result, pixels)
                bar.advance(task)
    return failed


def progress_bar() -> Progress:
    """On standard error, which is not for results."""
    return Progress(TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
                    console=Console(stderr=True, force_jupyter=False))


def sum_up(folder: Path, inspector: Inspector, window: int) -> None:
    """Print what ``folder`` holds: decisions, times, and whether the last scores are unlike those of normal images."""
    decisions, times, scores = Counter(), [], deque(maxlen=window)
    for line in read_lines(folder / LINES):
        decisions[line['is_defect']] += 1
        scores.append(line['score'])
        times.append([line['milliseconds'][stage] for stage in STAGES])
    words = {True: 'defects', False: 'good', None: 'without a decision'}
    counts = ', '.join(f'{decisions[key]} {word}' for key, word in words.items() if decisions[key])
    count = sum(decisions.values())
    print(f'{folder}: {count} image{"" if count == 1 else "s"}{f": {counts}" if counts else ""}')
    if times:
        medians = zip(STAGES, np.median(times, axis=0), strict=True)
        print(f'milliseconds an image ({inspector.model.runtime}, median): '
              + ', '.join(f'{stage} {value:.1f}' for stage, value in medians))
    if inspector.calibration is not None and not inspector.sees_otherwise:  # other tiles have other scores
        tell_drift(scores, inspector.calibration.scores)


def tell_drift(scores: Sequence[float], normal: NormalScores | None) -> None:
    """Warn if these scores are distributed otherwise than those of normal images, as far as so many can tell."""
    if normal is None or not normal.unseen or len(scores) < SMALLEST_WINDOW:
        return
    monitor = DriftMonitor(normal, window=len(scores))
    for score in scores:
        monitor.add(score)
    report = monitor.report()
    if report.drifted:
        print(f'drift: the last {report.count} scores are distributed otherwise than those of the {len(normal)} normal '
              f'images of the calibration (p = {report.p_value:.1g}): many parts are defective, or light, camera or '
              'material has changed; in that case calibrate anew')


def _window(text: str) -> int:
    """A number of scores that a drift can be told from."""
    if (number := int(text)) < SMALLEST_WINDOW:
        raise argparse.ArgumentTypeError(f'{text} scores tell nothing: give {SMALLEST_WINDOW} at least')
    return number


def _positive(text: str) -> int:
    """A whole number of at least 1."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f'{text} is less than 1')
    return number

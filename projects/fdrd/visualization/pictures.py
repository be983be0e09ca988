"""Ground truth beside prediction, drawn so that objects of four pixels can still be seen, and what is wrong too."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from numpy.typing import NDArray

from fdrd.evaluation.matching import Matches, Truth, match
from fdrd.transforms import read_for_display
from mminspect.core.fileio import replacing
from mminspect.core.names import fitting_name
from mminspect.vision.boxes import ScoredBoxes
from mminspect.vision.fonts import shown
from mminspect.vision.images import encode_png

from .panel import Image, Mark, MarkedBox, draw_panel


def side_by_side(image: Image, truth: Truth | None, found: ScoredBoxes, classes: Sequence[str] = (),
                 score_thr: float | None = None) -> Image:
    """One picture: ground truth on the left, predictions on the right, a title with counts and a legend above each.

    Objects that no box finds and boxes that find none are dashed; ignored objects and boxes on them are dotted. Which
    they are: :func:`fdrd.evaluation.matching.match`.

    Args:
        image: (H, W, 3), blue-green-red, 0..255.
        truth: The objects; None where nobody knows them.
        found: All of them are drawn and counted: choose by score before. Scores are 0..1.
        classes: Names of the classes; a number beyond them is shown as it is.
        score_thr: By which score the predictions were chosen, for the title.

    Returns:
        (H', W', 3), uint8.
    """
    matches = None if truth is None else match(truth, found)
    chosen = '' if score_thr is None else f' with a score of {score_thr:g} or more'
    right = draw_panel(image, _predictions(found, matches, classes),
                       f'prediction: {_count(found.boxes, "box", "es")}{chosen}{_judged(matches)}')
    if truth is None or matches is None:
        return np.concatenate([draw_panel(image, [], 'ground truth: not known'), right], axis=1)
    left = draw_panel(image, _objects(truth, matches, classes), f'ground truth: {_found(truth, matches)}')
    return np.concatenate([left, right], axis=1)


def _objects(truth: Truth, matches: Matches, classes: Sequence[str]) -> list[MarkedBox]:
    marks = [Mark.IGNORED if ignored else Mark.MISSED if missed else Mark.FOUND
             for ignored, missed in zip(truth.ignored, matches.missed, strict=True)]
    return [MarkedBox(box, int(label), _name(label, classes), mark)
            for box, label, mark in zip(truth.boxes, truth.labels, marks, strict=True)]


def _predictions(found: ScoredBoxes, matches: Matches | None, classes: Sequence[str]) -> list[MarkedBox]:
    """The surest first, whose captions find room before those of others."""
    marks = [Mark.UNJUDGED] * len(found.boxes) if matches is None else [
        Mark.RIGHT if right else Mark.FALSE if false else Mark.ON_IGNORED
        for right, false in zip(matches.right, matches.false, strict=True)]
    return [MarkedBox(found.boxes[place], int(found.labels[place]),
                      f'{_name(found.labels[place], classes)} {found.scores[place]:.2f}', marks[place])
            for place in np.argsort(-found.scores, kind='stable')]


def _found(truth: Truth, matches: Matches) -> str:
    ignored = int(truth.ignored.sum())
    more = f', beside {ignored} ignored' if ignored else ''
    return (f'{_count(truth.boxes[~truth.ignored], "object")}{more}: {int(matches.found.sum())} found, '
            f'{int(matches.missed.sum())} missed')


def _judged(matches: Matches | None) -> str:
    if matches is None:
        return ''
    right, false = int(matches.right.sum()), int(matches.false.sum())
    other = len(matches.right) - right - false
    return f': {right} right, {false} false' + (f', {other} on ignored objects' if other else '')


def _count(boxes: Sequence[Any] | NDArray, name: str, plural: str = 's') -> str:
    return f'{len(boxes)} {name}{"" if len(boxes) == 1 else plural}'


def _name(label: int, classes: Sequence[str]) -> str:
    number = str(int(label))
    return shown(str(classes[int(label)]), number) if int(label) < len(classes) else number


def save_pictures(results: Iterable[DetDataSample], out_dir: str | Path, limit: int | None = None,
                  classes: Sequence[str] = (), score_thr: float = 0.3, first: int = 0,
                  transforms: Iterable[Any] = ()) -> list[Path]:
    """Write ``<number>_<image name>.png`` for every result, up to ``limit`` of them.

    Args:
        results: Tested samples with ``img_path``, ``pred_instances`` and, if there is ground truth, ``gt_instances``
            and ``ignored_instances``, all in pixels of the image file (the test pipeline loads annotations behind
            ``Resize``, and predictions are scaled back).
        out_dir: Folder, made if it is missing.
        limit: Number of pictures, None for all.
        classes: Names of the classes.
        score_thr: Predictions below this score (0..1) are left out.
        first: Number of the first picture.
        transforms: Built steps of the test pipeline, whose reading of the files is used.

    Raises:
        UserError: An image cannot be read.
        OSError: A picture cannot be written; what was written before stays.
    """
    paths = []
    for number, sample in enumerate(results, start=first):
        if limit is not None and len(paths) >= limit:
            break
        image = read_for_display(sample.img_path, transforms)
        found = sample.pred_instances[sample.pred_instances.scores >= score_thr]
        picture = side_by_side(image, _truth(sample), ScoredBoxes(
            _array(found.bboxes), _array(found.scores), _array(found.labels)), classes, score_thr)
        name = fitting_name(f'{number:04d}_{Path(sample.img_path).stem}', len('.png'))
        paths.append(Path(out_dir) / f'{name}.png')
        with replacing(paths[-1]) as handle:
            handle.write(encode_png(picture))
    return paths


def _truth(sample: DetDataSample) -> Truth | None:
    """None for a sample whose pipeline loads no annotations."""
    objects, ignored = (_instances(sample.get(key)) for key in ('gt_instances', 'ignored_instances'))
    if objects is None:
        return None
    boxes, labels = ignored or (np.zeros((0, 4)), np.zeros(0, int))
    return Truth(np.concatenate([objects[0], boxes]), np.concatenate([objects[1], labels]),
                 np.arange(len(objects[0]) + len(boxes)) >= len(objects[0]))


def _instances(instances: InstanceData | None) -> tuple[NDArray, NDArray] | None:
    if instances is None or 'bboxes' not in instances:
        return None
    return _array(instances.bboxes).reshape(-1, 4), _array(instances.labels)


def _array(values: object) -> NDArray:
    """Of a tensor on any device, or of mmdet's box structure."""
    return np.asarray(getattr(values, 'tensor', values).detach().cpu())

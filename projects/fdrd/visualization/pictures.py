"""Ground truth beside prediction, drawn so that objects of four pixels can still be seen."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmdet.structures import DetDataSample
from numpy.typing import NDArray

from fdrd.transforms import read_for_display
from mminspect.core.fileio import replacing
from mminspect.core.names import fitting_name
from mminspect.vision.fonts import draw_text, shown, text_size
from mminspect.vision.images import encode_png

Image = NDArray[np.uint8]

#: Panels narrower than this many pixels are enlarged by a whole number, without smoothing.
PANEL_WIDTH = 900
MAXIMUM_ENLARGEMENT = 8
#: Pixels between an object and its box, and of background around a panel, so that boxes at the border are whole.
GAP, MARGIN = 3, 18
#: Pixels of letters that OpenCV has not.
LETTERS = 13
BACKGROUND, TEXT = (32, 32, 32), (235, 235, 235)
#: Colours (blue, green, red) by class, bright on dark and on light images; repeated beyond ten classes.
COLOURS = ((60, 60, 255), (80, 220, 60), (255, 160, 40), (40, 220, 255), (255, 80, 220), (230, 230, 60),
           (60, 140, 255), (180, 105, 255), (150, 220, 150), (200, 200, 200))


def side_by_side(image: Image, gt_boxes: NDArray, gt_labels: NDArray, boxes: NDArray, scores: NDArray,
                 labels: NDArray, classes: Sequence[str] = (), score_thr: float | None = None) -> Image:
    """One picture: ground truth on the left, predictions on the right, a title above each.

    Every box is drawn one pixel wide around its object, ``GAP`` pixels off, so it hides nothing of it.

    Args:
        image: (H, W, 3), blue-green-red, 0..255.
        gt_boxes: (G, 4), x1, y1, x2, y2 in pixels of ``image``.
        gt_labels: (G,), class numbers from 0.
        boxes: (P, 4), all of them are drawn: choose by score before.
        scores: (P,), 0..1.
        labels: (P,).
        classes: Names of the classes; a number beyond them is shown as it is.
        score_thr: By which score the predictions were chosen, for the title.

    Returns:
        (H', W', 3), uint8.
    """
    factor = enlargement(image.shape[1])
    captions = [_name(label, classes) for label in gt_labels]
    left = _panel(image, factor, gt_boxes, gt_labels, captions, f'ground truth: {_objects(gt_boxes)}')
    captions = [f'{_name(label, classes)} {score:.2f}' for label, score in zip(labels, scores, strict=True)]
    chosen = '' if score_thr is None else f' with a score of {score_thr:g} or more (beside each box)'
    right = _panel(image, factor, boxes, labels, captions, f'prediction: {_objects(boxes)}{chosen}')
    return np.concatenate([left, right], axis=1)


def _objects(boxes: NDArray) -> str:
    return f'{len(boxes)} object{"" if len(boxes) == 1 else "s"}'


def enlargement(width: int) -> int:
    """Whole factor by which an image of ``width`` pixels is enlarged."""
    return max(1, min(MAXIMUM_ENLARGEMENT, round(PANEL_WIDTH / width)))


def _panel(image: Image, factor: int, boxes: NDArray, labels: NDArray, captions: Sequence[str], title: str) -> Image:
    large = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_NEAREST)
    panel = cv2.copyMakeBorder(large, 2 * MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_CONSTANT, value=BACKGROUND)
    cv2.putText(panel, title, (MARGIN, MARGIN), cv2.FONT_HERSHEY_SIMPLEX, 0.5, TEXT, 1, cv2.LINE_AA)
    offset = np.array([MARGIN, 2 * MARGIN, MARGIN, 2 * MARGIN])
    for box, label, caption in zip(np.asarray(boxes, float).reshape(-1, 4), labels, captions, strict=True):
        # A box that ends at x2 has its last pixel at x2 - 1.
        outline = np.concatenate([np.floor(box[:2] * factor) - GAP, np.ceil(box[2:] * factor) - 1 + GAP]) + offset
        x1, y1, x2, y2 = (int(value) for value in outline)
        colour = COLOURS[int(label) % len(COLOURS)]
        cv2.rectangle(panel, (x1, y1), (x2, y2), colour, 1)
        _caption(panel, caption, x1, y1, y2, colour)
    return panel


def _caption(panel: Image, text: str, x: int, top: int, bottom: int, colour: tuple[int, int, int]) -> None:
    """Above the box, or below it where there is no room; shifted left where it would leave the panel."""
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.4, 1)
    if not text.isascii():
        width, height = text_size(text, LETTERS)
    x = max(0, min(x, panel.shape[1] - width))
    y = top - 3 if top - 3 - height > MARGIN else bottom + 3 + height
    if not text.isascii():
        return draw_text(panel, text, (x, y), LETTERS, colour, BACKGROUND, 1)
    cv2.putText(panel, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.4, BACKGROUND, 2, cv2.LINE_AA)
    cv2.putText(panel, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, 1, cv2.LINE_AA)


def _name(label: int, classes: Sequence[str]) -> str:
    number = str(int(label))
    return shown(str(classes[int(label)]), number) if int(label) < len(classes) else number


def save_pictures(results: Iterable[DetDataSample], out_dir: str | Path, limit: int | None = None,
                  classes: Sequence[str] = (), score_thr: float = 0.3, first: int = 0,
                  transforms: Iterable[Any] = ()) -> list[Path]:
    """Write ``<number>_<image name>.png`` for every result, up to ``limit`` of them.

    Args:
        results: Tested samples with ``img_path``, ``pred_instances`` and, if there is ground truth, ``gt_instances``,
            both in pixels of the image file (the test pipeline loads annotations behind ``Resize``, and predictions
            are scaled back).
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
        truth = sample.get('gt_instances')
        picture = side_by_side(
            image, _array(truth.bboxes) if truth is not None else np.zeros((0, 4)),
            _array(truth.labels) if truth is not None else np.zeros(0, int),
            _array(found.bboxes), _array(found.scores), _array(found.labels), classes, score_thr)
        name = fitting_name(f'{number:04d}_{Path(sample.img_path).stem}', len('.png'))
        paths.append(Path(out_dir) / f'{name}.png')
        with replacing(paths[-1]) as handle:
            handle.write(encode_png(picture))
    return paths


def _array(values: object) -> NDArray:
    """Of a tensor on any device, or of mmdet's box structure."""
    return np.asarray(getattr(values, 'tensor', values).detach().cpu())

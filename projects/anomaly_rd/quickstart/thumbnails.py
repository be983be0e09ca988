"""Small pictures for the report: without numbers, which are unreadable at this size, and with frames that are seen."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mminspect.inspection import InspectionResult, Inspector
from mminspect.inspection.drawing import BOX_COLOUR, draw_map, line_width, reduced
from mminspect.vision.boxes import ScoredBoxes
from mminspect.vision.images import encode_png

#: Pixels of the longer side.
LONGEST = 480
#: Least side of a frame, as a share of the picture's longer side: a spot of some pixels is found by it.
LEAST = 1 / 16
#: Where they lie, below the folder of the run.
FOLDER = 'pictures'


def write_thumbnails(inspector: Inspector, sources: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Inspect and draw, each into a file of its own.

    Args:
        inspector: With the threshold and the calibration of the report.
        sources: Paths of pictures by their names.
        folder: Of the run.

    Returns:
        Path of the file below ``folder``, by the name of the picture.
    """
    (folder / FOLDER).mkdir(exist_ok=True)
    written = {}
    for number, (name, (pixels, result)) in enumerate(zip(sources, inspector.pairs([*sources.values()]), strict=True)):
        written[name] = f'{FOLDER}/{number:02d}.png'
        (folder / written[name]).write_bytes(encode_png(thumbnail(pixels, result, inspector)[..., ::-1]))
    return written


def thumbnail(pixels: NDArray, result: InspectionResult, inspector: Inspector) -> NDArray[np.uint8]:
    """The picture (H, W, 3) with the colours of an overlay, and a frame around every region, at most :data:`LONGEST`
    pixels long."""
    factor = min(1.0, LONGEST / max(pixels.shape[:2]))
    picture = np.ascontiguousarray(np.clip(reduced(pixels, factor), 0, 255).astype(np.uint8))
    if result.anomaly_map is not None and inspector.calibration is not None and inspector.calibration.fused is not None:
        picture = draw_map(picture, result.anomaly_map, inspector.calibration.fused, factor)
    width = line_width(picture)
    for x0, y0, x1, y1 in frames(result.detections, factor, LEAST * max(picture.shape[:2])):
        cv2.rectangle(picture, (x0, y0), (x1, y1), BOX_COLOUR, width)
    return picture


def frames(found: ScoredBoxes, factor: float, least: float) -> list[tuple[int, int, int, int]]:
    """Corners (x0, y0, x1, y1) in pixels of the small picture, widened about their middle to ``least`` pixels."""
    boxes = found.boxes.reshape(-1, 4) * factor
    middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2, np.maximum(boxes[:, 2:] - boxes[:, :2], least) / 2
    return [tuple(corner) for corner in np.round(np.hstack([middle - half, middle + half])).astype(int).tolist()]


def spots(line: Mapping[str, Any]) -> str:
    """What of a picture is above the limit of normal pixels, in words, from its line of the results.

    The limit is chosen as the threshold on scores is, by the same good pictures, but on maps at the size of the
    pictures: where those are smaller than the network's input, a score just above the threshold may leave no pixel.
    """
    sizes = sorted(((round(x1 - x0), round(y1 - y0)) for x0, y0, x1, y1 in (box['box'] for box in line['boxes'])),
                   key=lambda size: -size[0] * size[1])
    if not sizes:
        return 'no pixel of the picture is above the normal range' if line['is_defect'] else ''
    what = 'one region' if len(sizes) == 1 else f'{len(sizes)} regions, the largest'
    return f'{what} of {sizes[0][0]}x{sizes[0][1]} px above the normal range'

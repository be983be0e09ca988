"""Pictures of a result, small enough for a browser."""
from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mminspect.core.fileio import replacing
from mminspect.decisions import MapScale
from mminspect.inspection.output import draw_overlay
from mminspect.inspection.result import InspectionResult

#: The image, what was found drawn on it, and the map alone in colours, transparent up to the limit of normal pixels.
VIEW, OVERLAY, HEAT = 'view.jpg', 'overlay.jpg', 'heat.png'
#: JPEG quality.
_QUALITY = 90


def write_pictures(folder: Path, pixels: NDArray, result: InspectionResult, scale: MapScale | None) -> tuple[str, ...]:
    """Write them, each as a whole or not at all, and all of the same size.

    Args:
        folder: Folder for the files, made if it is not there.
        pixels: (H, W, 3), RGB, uint8 or float32 of 0..255: the inspected image.
        result: What the inspector says of that image.
        scale: Values of its map that the colours stand for, from the model's calibration; without one there is no
            :data:`HEAT`, since colours that are scaled image by image mean nothing.

    Returns:
        The names of the files.

    Raises:
        OSError: The disk is full or not to be written.
    """
    overlay = draw_overlay(pixels, result, scale)
    size = overlay.shape[1::-1]
    files = {VIEW: _jpeg(_reduced(pixels, size)), OVERLAY: _jpeg(overlay)}
    if result.anomaly_map is not None and scale is not None:
        files[HEAT] = _heat(_reduced(result.anomaly_map, size), scale)
    for name, data in files.items():
        with replacing(folder / name) as file:
            file.write(data)
    return tuple(files)


def _reduced(pixels: NDArray, size: tuple[int, int]) -> NDArray:
    return pixels if pixels.shape[1::-1] == size else cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def _jpeg(pixels: NDArray) -> bytes:
    whole = np.clip(np.rint(pixels), 0, 255).astype(np.uint8) if pixels.dtype != np.uint8 else pixels
    return cv2.imencode('.jpg', whole[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()


def _heat(heat: NDArray[np.float32], scale: MapScale) -> bytes:
    """A PNG with a palette: a quarter of the work of one with four channels."""
    image = Image.fromarray(scale.steps_above(heat))
    image.putpalette(_colours())
    file = io.BytesIO()
    image.save(file, 'PNG', transparency=bytes([0, *[255] * 255]), compress_level=1)
    return file.getvalue()


@cache
def _colours() -> bytes:
    """RGB of the 256 steps; OpenCV takes as long for them as for a whole picture."""
    return cv2.applyColorMap(np.arange(256, dtype=np.uint8), cv2.COLORMAP_TURBO)[:, 0, ::-1].tobytes()

"""Anomaly maps as files, in the format that MVTec's evaluation reads."""
from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mminspect.core.fileio import replacing


def write_map(path: str | Path, heat: NDArray[np.float32]) -> None:
    """Write a map as a TIFF of one channel of 32-bit floating point, not compressed; whole or not at all.

    Args:
        path: Of the file, ending in ``.tiff``.
        heat: (H, W), in pixels of the image.

    Raises:
        OSError: It cannot be written.
    """
    with replacing(path) as handle:
        Image.fromarray(np.ascontiguousarray(heat, np.float32)).save(handle, format='TIFF')

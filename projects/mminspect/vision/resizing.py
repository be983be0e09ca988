"""How images are stretched: in the same way for training, test and inspection."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def stretch(pixels: NDArray, shape: tuple[int, int],
            method: Image.Resampling = Image.Resampling.BILINEAR) -> NDArray:
    """Pixels at another size; the aspect ratio is not kept.

    Bilinear is interpolated over the whole area that a new pixel covers (Pillow's way, with antialias): without it,
    thin defects vanish between the samples.

    Args:
        pixels: (H, W) or (H, W, C), uint8 or float32; where they have the shape already, they are returned themselves.
        shape: (H, W) wanted.
        method: Pillow's way of interpolation.
    """
    if pixels.shape[:2] == tuple(shape):
        return pixels
    if pixels.ndim == 2 or pixels.dtype == np.uint8:
        picture = Image.fromarray(np.ascontiguousarray(pixels))
        return np.array(picture.resize((shape[1], shape[0]), method))
    # Pillow knows floating point as single channels only
    return np.stack([stretch(pixels[..., channel], shape, method) for channel in range(pixels.shape[2])], axis=-1)

"""From the pixels of an image to those of a network's input, and back."""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mminspect.vision.resizing import stretch

from .spec import NetworkSpec


@dataclass(frozen=True)
class Fitted:
    """An image as a network takes it.

    Attributes:
        pixels: (h, w, 3) float32, RGB, 0..255, of the spec's ``input_size``.
        scale: (sy, sx), pixels of the input per pixel of the image.
        shape: (h, w) of the part of ``pixels`` that is image; the rest, on the right and below, is padding.
        margins: (top, bottom, left, right), pixels of the scaled image that a centre crop has left out.
    """

    pixels: NDArray[np.float32]
    scale: tuple[float, float]
    shape: tuple[int, int]
    margins: tuple[int, int, int, int] = (0, 0, 0, 0)


def fit(image: NDArray, spec: NetworkSpec) -> Fitted:
    """Bring an image to the input size of a network, as the pipeline that the network was tested with does it.

    Args:
        image: (H, W, 3), RGB, uint8 or float32 of 0..255.
        spec: Of the network; ``keep_ratio`` chooses between stretching (Pillow, with antialias) and scaling with
            padding (OpenCV, bilinear, sides rounded as mmcv rounds them).
    """
    limit = spec.image_size or spec.input_size
    if not spec.keep_ratio:
        return _stretched(image, limit, spec.input_size)
    shape = _largest(image.shape[:2], limit)
    resized = _scaled(image, shape)
    pixels = resized.astype(np.float32, copy=False)
    if shape != tuple(spec.input_size):
        pixels = np.empty((*spec.input_size, 3), np.float32)
        pixels[:] = spec.pad_rgb
        pixels[:shape[0], :shape[1]] = resized
    return Fitted(pixels, (shape[0] / image.shape[0], shape[1] / image.shape[1]), shape)


def _stretched(image: NDArray, size: tuple[int, int], input_size: tuple[int, int]) -> Fitted:
    """Stretched to ``size``, and of that the middle of ``input_size``."""
    top, left = (round((have - want) / 2) for have, want in zip(size, input_size, strict=True))
    height, width = input_size
    pixels = stretch(image, size)[top:top + height, left:left + width].astype(np.float32, copy=False)
    return Fitted(np.ascontiguousarray(pixels), (size[0] / image.shape[0], size[1] / image.shape[1]),
                  (height, width), (top, size[0] - top - height, left, size[1] - left - width))


def map_to_image(heat: NDArray[np.float32], fitted: Fitted, shape: tuple[int, int]) -> NDArray[np.float32]:
    """A map (h, w) of the network's input at the size (H, W) of the image, interpolated bilinearly by OpenCV.

    What a centre crop has left out of the image is NaN: the model has not looked there.
    """
    used = np.ascontiguousarray(heat[:fitted.shape[0], :fitted.shape[1]], np.float32)
    if any(fitted.margins):
        top, bottom, left, right = fitted.margins
        used = np.pad(used, ((top, bottom), (left, right)), constant_values=np.nan)
    return cv2.resize(used, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)


def _largest(shape: tuple[int, int], limit: tuple[int, int]) -> tuple[int, int]:
    """(h, w) of the largest image of the same aspect ratio within ``limit``; a side has at least one pixel."""
    factor = min(most / have for most, have in zip(limit, shape, strict=True))
    height, width = (max(1, int(have * factor + 0.5)) for have in shape)
    return height, width


def _scaled(image: NDArray, shape: tuple[int, int]) -> NDArray:
    return cv2.resize(image, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)

"""Pictures of woven cloth with holes, pulled threads and stains, drawn from random numbers.

Every picture depends only on its seed. Lighting, thread width and phase vary from picture to picture as they do between
good pieces; a defect is a local change of the cloth, and its mask tells where pixels changed.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

KINDS = ('hole', 'stain', 'thread')

_PERIOD = 8.0  # pixels between threads
_THREAD = np.array([176.0, 158.0, 132.0])  # RGB of the yarn
_GAP = np.array([58.0, 50.0, 44.0])  # RGB of what shows between threads
_NOISE = 2.0  # standard deviation of the camera's noise, in 0..255
_VISIBLE = 0.3  # share of a defect in a pixel from which it belongs to the mask


@dataclass(frozen=True)
class Texture:
    """``image`` (S, S, 3) uint8 RGB and ``mask`` (S, S) uint8, 1 on the defect."""

    image: np.ndarray
    mask: np.ndarray


def render_texture(seed: Sequence[int], size: int = 128, defect: str | None = None) -> Texture:
    """One picture of ``size`` x ``size`` pixels; the same for the same ``seed``.

    Args:
        seed: Numbers from 0.
        size: Side in pixels.
        defect: One of :data:`KINDS`, or None for good cloth.
    """
    rng = np.random.default_rng(seed)
    image, light = _cloth(rng, size), _light(rng, size)
    share = np.zeros((size, size))
    if defect is not None:
        share, colour = dict(hole=_hole, stain=_stain, thread=_thread)[defect](rng, size, image)
        image = image + share[..., None] * (colour - image)
    image = image * light[..., None] + rng.normal(0, _NOISE, image.shape)
    return Texture(np.clip(np.round(image), 0, 255).astype(np.uint8), (share > _VISIBLE).astype(np.uint8))


def _cloth(rng: np.random.Generator, size: int) -> np.ndarray:
    """(S, S, 3) plain weave: at each crossing the warp or the weft lies above, in turns."""
    y, x = np.mgrid[:size, :size].astype(float)
    warp, weft = ((axis + rng.uniform(0, 2 * _PERIOD)) / _PERIOD for axis in (x, y))
    sharpness = rng.uniform(0.5, 0.7)
    thread_x, thread_y = (np.abs(np.sin(np.pi * phase)) ** sharpness for phase in (warp, weft))
    above = (np.floor(warp) + np.floor(weft)) % 2 == 0
    height = np.where(above, thread_x * (0.55 + 0.45 * thread_y), thread_y * (0.55 + 0.45 * thread_x))
    height = height * np.where(above, 1.0, 0.86)
    return _GAP + height[..., None] * (_THREAD - _GAP)


def _light(rng: np.random.Generator, size: int) -> np.ndarray:
    """(S, S) factor around 1: brightness of the picture and a slope in a random direction."""
    y, x = np.mgrid[:size, :size] / (size - 1) - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    return rng.uniform(0.9, 1.1) + rng.uniform(0, 0.16) * (np.cos(angle) * x + np.sin(angle) * y)


def _hole(rng: np.random.Generator, size: int, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A dark spot with a ragged edge."""
    return _blob(rng, size, rng.uniform(0.035, 0.075) * size, 0.25), np.array([28.0, 26.0, 30.0])


def _stain(rng: np.random.Generator, size: int, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A smooth, flat patch through which the weave is hardly seen."""
    tint = np.array([[120.0, 92.0, 52.0], [96.0, 104.0, 128.0], [214.0, 208.0, 196.0]])[rng.integers(3)]
    return _blob(rng, size, rng.uniform(0.08, 0.15) * size, 0.12) * rng.uniform(0.65, 0.85), tint


def _thread(rng: np.random.Generator, size: int, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A pulled thread: a thin bright or dark arc across the weave."""
    length, angle = rng.uniform(0.3, 0.6) * size, rng.uniform(0, np.pi)
    half = length / 2 * np.array([np.cos(angle), np.sin(angle)])
    centre = rng.uniform(0.25, 0.75, 2) * size
    bend = rng.uniform(-0.12, 0.12) * length * np.array([-np.sin(angle), np.cos(angle)])
    steps = np.linspace(-1, 1, 24)[:, None]
    points = centre + steps * half + (1 - steps ** 2) * bend
    canvas = np.zeros((size, size), np.uint8)
    shift = 4  # bits behind the point of OpenCV's coordinates
    cv2.polylines(canvas, [np.round(points * 2 ** shift).astype(np.int32)], False, 255,
                  thickness=max(2, round(rng.uniform(0.016, 0.03) * size)), lineType=cv2.LINE_8, shift=shift)
    colour = np.array([[236.0, 228.0, 214.0], [30.0, 28.0, 30.0]])[rng.integers(2)]
    return np.where(canvas > 0, 0.9, 0.0), colour


def _blob(rng: np.random.Generator, size: int, radius: float, raggedness: float) -> np.ndarray:
    """(S, S) 0..1: 1 inside of a closed curve around a random place, with an edge of about two pixels."""
    cy, cx = rng.uniform(0.2, 0.8, 2) * size
    y, x = np.mgrid[:size, :size].astype(float)
    angle = np.arctan2(y - cy, x - cx)
    border = np.ones_like(angle)
    for wave in (2, 3, 5):
        border += raggedness / wave * rng.uniform(-1, 1) * np.cos(wave * angle + rng.uniform(0, 2 * np.pi)) * 2
    return np.clip((border * radius - np.hypot(y - cy, x - cx)) / 2 + 0.5, 0, 1)

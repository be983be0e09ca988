"""The foreign objects of the rendered demo set, each as layers of coverage and colour.

Points are (x, y) in pixels of the working canvas around the object's centre at 0; ``scale`` is canvas pixels for one
pixel at an image height of :data:`fdrd.datasets.vials_scene.UNIT`. Colours are BGR in 0..1.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

#: Kinds of objects, in the order of their category ids.
KINDS = ('hair', 'rubber', 'glass', 'fibre', 'metal')
_FINE = 4  # shapes are drawn this many times larger, so that a line may be a fraction of a pixel wide
_SHIFT = 4  # OpenCV takes points at 1/16 pixel


@dataclass(frozen=True)
class Stroke:
    """One thing to draw: an open line of ``thickness`` pixels, or a filled polygon where that is None."""

    points: np.ndarray
    color: np.ndarray
    alpha: float
    thickness: float | None = None


def make_object(rng: np.random.Generator, kind: str, scale: float, under: float) -> list[Stroke]:
    """The strokes of one object of ``kind``, drawn in order; ``under`` is the brightness (0..1) behind it."""
    return _MAKERS[kind](rng, scale, under)


def _color(*bgr: float) -> np.ndarray:
    return np.clip(np.array(bgr, np.float32), 0, 1)


def _grey(value: float) -> np.ndarray:
    return _color(value, value, value)


def _curve(rng: np.random.Generator, length: float, bend: float) -> np.ndarray:
    """A wandering line of ``length`` pixels whose direction turns by about ``bend`` radians; shape (32, 2), centred."""
    steps = 32
    wander = np.interp(np.arange(steps), np.linspace(0, steps, 7), rng.normal(0, bend / 4, 7))
    turn = np.linspace(0, rng.normal(0, bend), steps) + np.convolve(np.pad(wander, 3, 'edge'), np.ones(7) / 7, 'valid')
    heading = rng.uniform(0, 2 * np.pi) + turn
    points = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], 1), 0) * (length / steps)
    return points - (points.min(0) + points.max(0)) / 2


def _blob(rng: np.random.Generator, radius: float, corners: int, rough: float) -> np.ndarray:
    """A closed outline around 0, shape (corners, 2): smooth for many corners, a chip for few."""
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    if corners < 10:
        angle = angle + rng.uniform(-0.35, 0.35, corners)
        reach = rng.uniform(1 - rough, 1 + rough, corners)
    else:
        reach = 1 + sum(rng.normal(0, rough / k) * np.cos(k * angle + rng.uniform(0, 6.3)) for k in (2, 3, 4, 5))
    outline = radius * reach[:, None] * np.stack([np.cos(angle), np.sin(angle) * rng.uniform(0.6, 1.0)], 1)
    turn = rng.uniform(0, np.pi)
    return outline @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])


def _hair(rng: np.random.Generator, scale: float, under: float) -> list[Stroke]:
    line = _curve(rng, rng.uniform(14, 34) * scale, 1.5)
    dark = rng.uniform(0.03, 0.14)
    return [Stroke(line, _color(dark, dark * 1.1, dark * 1.4), rng.uniform(0.85, 1.0), rng.uniform(1.1, 1.7) * scale)]


def _fibre(rng: np.random.Generator, scale: float, under: float) -> list[Stroke]:
    colors = ((0.7, 0.3, 0.15), (0.2, 0.2, 0.7), (0.25, 0.45, 0.12), (0.97, 0.97, 0.95), (0.5, 0.12, 0.45))
    line = _curve(rng, rng.uniform(11, 28) * scale, 0.8)
    color = _color(*colors[rng.integers(len(colors))])
    return [Stroke(line, color, rng.uniform(0.8, 1.0), rng.uniform(1.2, 1.9) * scale)]


def _rubber(rng: np.random.Generator, scale: float, under: float) -> list[Stroke]:
    radius = rng.uniform(2.8, 7.0) * scale
    outline, dark = _blob(rng, radius, 32, 0.16), rng.uniform(0.06, 0.18)
    shine = _blob(rng, radius * 0.32, 16, 0.1) - 0.35 * radius
    return [Stroke(outline, _color(dark, dark, dark * rng.uniform(1.0, 1.5)), rng.uniform(0.85, 1.0)),
            Stroke(shine, _grey(dark + 0.16), 0.6)]


def _glass(rng: np.random.Generator, scale: float, under: float) -> list[Stroke]:
    outline = _blob(rng, rng.uniform(3.2, 8.0) * scale, int(rng.integers(4, 7)), 0.3)
    closed = np.concatenate([outline, outline[:1]])
    half = closed[:len(closed) // 2 + 1]
    return [Stroke(outline, _grey(under + rng.uniform(0.22, 0.36)), rng.uniform(0.75, 0.95)),
            Stroke(closed, _grey(under - 0.22), 0.7, 1.0 * scale), Stroke(half, _grey(1.0), 0.95, 1.2 * scale)]


def _metal(rng: np.random.Generator, scale: float, under: float) -> list[Stroke]:
    radius = rng.uniform(2.4, 5.0) * scale
    outline = _blob(rng, radius, int(rng.integers(5, 9)), 0.25)
    flash = _blob(rng, radius * rng.uniform(0.35, 0.55), 6, 0.3) + rng.uniform(-0.3, 0.3, 2) * radius
    return [Stroke(outline, _color(0.22, 0.2, 0.18), rng.uniform(0.9, 1.0)), Stroke(flash, _grey(1.0), 0.95)]


_MAKERS: dict[str, Callable[[np.random.Generator, float, float], list[Stroke]]] = {
    'hair': _hair, 'rubber': _rubber, 'glass': _glass, 'fibre': _fibre, 'metal': _metal,
}


def draw(image: np.ndarray, strokes: list[Stroke], center: tuple[float, float], blur: float) -> np.ndarray:
    """Blend an object into ``image`` (h, w, 3; in place) and return its coverage, float32 (h, w) in 0..1.

    ``blur`` is the defocus: sigma in pixels.
    """
    covered = np.zeros(image.shape[:2], np.float32)
    reach = max(np.abs(stroke.points).max() for stroke in strokes) + 4 * blur + 4  # only this neighbourhood is touched
    left, top = max(0, int(center[0] - reach)), max(0, int(center[1] - reach))
    region = np.s_[top:int(center[1] + reach) + 1, left:int(center[0] + reach) + 1]
    patch, mask = image[region], covered[region]
    for stroke in strokes:
        shape = _rasterise(stroke, (center[0] - left, center[1] - top), patch.shape[:2])
        alpha = stroke.alpha * cv2.GaussianBlur(shape, (0, 0), blur)
        patch += alpha[..., None] * (stroke.color - patch)
        mask += (1 - mask) * alpha
    return covered


def _rasterise(stroke: Stroke, center: tuple[float, float], shape: tuple[int, int]) -> np.ndarray:
    """Coverage of one stroke without its alpha, float32 (h, w) in 0..1."""
    mask = np.zeros((shape[0] * _FINE, shape[1] * _FINE), np.uint8)
    points = (stroke.points + center + 0.5) * _FINE - 0.5  # the centre of pixel (0, 0) stays its centre
    points = np.round(points * 2 ** _SHIFT).astype(np.int32).reshape(-1, 1, 2)
    if stroke.thickness is None:
        cv2.fillPoly(mask, [points], 255, cv2.LINE_8, _SHIFT)
    else:
        cv2.polylines(mask, [points], False, 255, max(1, round(stroke.thickness * _FINE)), cv2.LINE_8, _SHIFT)
    return cv2.resize(mask.astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA) / 255

"""The empty picture of the rendered demo set: a lying bottle of liquid that was spun and is photographed.

Everything here is a distractor: glass walls, liquid texture with streaks of the rotation, vortex, meniscus, bubbles,
reflections. Coordinates are pixels of the working canvas, lengths scale with the image height (:data:`UNIT`), images
are float32 BGR in 0..1.
"""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

#: Lengths in this package are given for an image of this height in pixels and scale with it.
UNIT = 136.0

#: Colours of liquids as factors of (blue, green, red): water, pale green, straw, amber, rose.
_LIQUIDS = np.array([[1.0, 1.0, 0.97], [0.9, 1.0, 0.93], [0.78, 0.96, 1.0], [0.6, 0.86, 1.0], [0.9, 0.88, 1.0]])


@dataclass(frozen=True)
class Bottle:
    """Geometry and the maps derived from it, all of shape (h, w), float32.

    ``v`` is the height over the axis in units of the outer radius (-1..1 inside the glass), ``u`` in units of the
    inner one; ``liquid`` and ``glass`` are coverages in 0..1; ``scale`` is pixels for one :data:`UNIT` pixel.
    """

    x: np.ndarray
    v: np.ndarray
    u: np.ndarray
    glass: np.ndarray
    liquid: np.ndarray
    surface: np.ndarray
    base_x: float
    scale: float


def make_bottle(rng: np.random.Generator, width: int, height: int) -> Bottle:
    """A bottle whose base is on the left, filled to 68 to 80 % of the picture's width."""
    scale = height / UNIT
    x = np.arange(width, dtype=np.float32)[None]
    y = np.arange(height, dtype=np.float32)[:, None]
    axis = height * rng.uniform(0.485, 0.515)
    radius = height * rng.uniform(0.43, 0.47)
    base_x = width * rng.uniform(0.02, 0.06)
    outline = _outline(x, radius, base_x, width * rng.uniform(0.83, 0.88), width * 0.07)
    v = (y - axis) / outline
    u = v / (1 - 5.0 * scale / radius)
    spin = rng.uniform(0.1, 0.9)
    level = width * rng.uniform(0.68, 0.80)
    # Spinning drives the liquid to the wall: a parabola, and the usual capillary rise right at the glass.
    surface = level - spin * 16 * scale + spin * 26 * scale * u ** 2 + 5 * scale * np.abs(u) ** 9
    inner = _coverage((1 - np.abs(u)) * radius) * _coverage(x - base_x - 5 * scale)
    glass = _coverage((1 - np.abs(v)) * radius) * _coverage(x - base_x)
    return Bottle(x=np.broadcast_to(x, v.shape), v=v, u=u, glass=glass,
                  liquid=inner * _coverage(surface - x), surface=surface, base_x=base_x, scale=scale)


def _outline(x: np.ndarray, radius: float, base_x: float, shoulder_x: float, shoulder: float) -> np.ndarray:
    """Outer radius along the axis: rounded base, straight body, shoulder, neck. Shape (1, w)."""
    corner = 0.35 * radius
    inside = np.clip((x - base_x) / corner, 0, 1)
    rounded = radius - corner + corner * np.sqrt(np.clip(1 - (1 - inside) ** 2, 0, 1))
    t = np.clip((x - shoulder_x) / shoulder, 0, 1)
    narrowing = 1 - 0.5 * t * t * (3 - 2 * t)
    return (rounded * narrowing).astype(np.float32)


def _coverage(distance: np.ndarray) -> np.ndarray:
    """Coverage of a pixel that lies ``distance`` pixels inside an edge."""
    return np.clip(distance + 0.5, 0, 1).astype(np.float32)


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], cell: tuple[float, float]) -> np.ndarray:
    """Random field of mean 0 and standard deviation of about 0.6 whose details are ``cell`` = (y, x) pixels large."""
    grid = rng.standard_normal((max(2, round(shape[0] / cell[0]) + 1), max(2, round(shape[1] / cell[1]) + 1)))
    return cv2.resize(grid.astype(np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)


def gauss(distance: np.ndarray, sigma: float) -> np.ndarray:
    """exp(-distance^2 / (2 sigma^2))."""
    return np.exp(-0.5 * np.square(distance / sigma))


def paint_background(rng: np.random.Generator, shape: tuple[int, int], scale: float) -> np.ndarray:
    """Machine parts out of focus behind the bottle: dark, bluish, shape (h, w, 3)."""
    light = rng.uniform(0.12, 0.24) + 0.05 * smooth_noise(rng, shape, (40 * scale, 60 * scale))
    tint = np.array([1.1, 1.0, 0.92], np.float32) + rng.uniform(-0.05, 0.05, 3).astype(np.float32)
    return np.clip(light, 0.03, 1)[..., None] * tint


def paint_bottle(rng: np.random.Generator, image: np.ndarray, bottle: Bottle) -> np.ndarray:
    """Glass, air, liquid with texture, vortex and meniscus over the background."""
    v, u, scale = bottle.v, bottle.u, bottle.scale
    light = rng.uniform(0.56, 0.70)
    lens = 0.94 + 0.12 * gauss(u, 0.35) - 0.42 * np.abs(np.clip(u, -1, 1)) ** 3 - 0.25 * gauss(np.abs(u) - 0.99, 0.05)
    sheen = rng.uniform(0.55, 0.75) + 0.07 * smooth_noise(rng, v.shape, (16 * scale, 90 * scale)) + 0.18 * gauss(u, 0.3)
    air = (light * sheen * lens)[..., None] * np.array([1.03, 1.0, 0.97], np.float32) + 0.25 * image
    wall = 0.22 + 0.30 * gauss(np.abs(v) - 0.955, 0.012) - 0.12 * gauss(np.abs(v) - 0.995, 0.012)
    body = np.where((np.abs(u) < 1)[..., None], air, wall[..., None])
    mixed = _LIQUIDS[rng.integers(len(_LIQUIDS))] * rng.uniform(0.96, 1.02, 3)
    tone = light * lens * (1 + _liquid_texture(rng, bottle)) + _vortex(rng, bottle)
    body = body + bottle.liquid[..., None] * (tone[..., None] * mixed.astype(np.float32) - body)
    body += _meniscus(bottle)[..., None] * (np.abs(u) < 1)[..., None]
    body += 0.16 * (gauss(bottle.x - bottle.base_x - 6 * scale - 5 * scale * (1 - v ** 2), 1.3 * scale)
                    * (np.abs(u) < 0.98))[..., None]
    return image + bottle.glass[..., None] * (body - image)


def _liquid_texture(rng: np.random.Generator, bottle: Bottle) -> np.ndarray:
    """Clouds plus streaks along the rotation, bent by the flow; relative brightness, about -0.2..0.2."""
    shape, scale = bottle.v.shape, bottle.scale
    clouds = smooth_noise(rng, shape, (28 * scale, 34 * scale))
    clouds += 0.5 * smooth_noise(rng, shape, (11 * scale, 9 * scale))
    streaks = smooth_noise(rng, shape, (70 * scale, 5 * scale))
    streaks += 0.6 * smooth_noise(rng, shape, (40 * scale, 2.5 * scale))
    bend = rng.uniform(-14, 14) * scale
    angle = np.arcsin(np.clip(bottle.u, -1, 1))
    rows = np.broadcast_to(np.arange(shape[0], dtype=np.float32)[:, None], shape)
    source = bottle.x + bend * np.cos(angle + rng.uniform(-0.6, 0.6))
    streaks = cv2.remap(streaks, source.astype(np.float32), rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return rng.uniform(0.02, 0.045) * clouds + rng.uniform(0.01, 0.05) * streaks


def _vortex(rng: np.random.Generator, bottle: Bottle) -> np.ndarray:
    """The funnel below the surface that spinning leaves: two wavering dark lines with a bright core between them."""
    scale = bottle.scale
    length, strength = rng.uniform(40, 110) * scale, rng.uniform(0.0, 0.14)
    depth = np.clip(bottle.surface - bottle.x, 0, None) / length
    wave = 0.06 * np.sin(bottle.x / (rng.uniform(9, 16) * scale) + rng.uniform(0, 6.28)) * np.clip(depth * 2, 0, 1)
    half = 0.26 * np.exp(-2.2 * depth) + 0.015
    fade = strength * np.clip(1.15 - depth, 0, 1)
    offset = np.abs(bottle.u - wave)
    return fade * (0.6 * gauss(offset, 1.0 * half) - gauss(offset - half, 0.022))


def _meniscus(bottle: Bottle) -> np.ndarray:
    """Dark line with a bright edge along the surface, and its fainter far side."""
    gap, scale = bottle.x - bottle.surface, bottle.scale
    far = gap - 7 * scale * np.sqrt(np.clip(1 - bottle.u ** 2, 0, 1))
    return (0.30 * gauss(gap - 2.2 * scale, 0.9 * scale) - 0.28 * gauss(gap, 1.4 * scale)
            - 0.12 * gauss(far - 2 * scale, 1.1 * scale))


def glare(rng: np.random.Generator, bottle: Bottle) -> np.ndarray:
    """Reflections of lamps on the glass, to be added to the picture; shape (h, w), 0 to about 0.7."""
    v, scale = bottle.v, bottle.scale
    width = v.shape[1]
    start, end = width * rng.uniform(0.06, 0.3), width * rng.uniform(0.6, 0.95)
    reach = np.clip((bottle.x - start) / (12 * scale), 0, 1) * np.clip((end - bottle.x) / (12 * scale), 0, 1)
    ripple = 1 + 0.12 * smooth_noise(rng, v.shape, (60 * scale, 14 * scale))
    lamp = rng.uniform(0.18, 0.5) * gauss(v + rng.uniform(0.62, 0.76), rng.uniform(0.02, 0.05)) * reach * ripple
    lamp += rng.uniform(0.08, 0.25) * gauss(v - rng.uniform(0.72, 0.82), 0.02) * reach
    for _ in range(rng.integers(0, 3)):
        x, y = width * rng.uniform(0.08, 0.95), rng.uniform(-0.6, 0.6)
        lamp += rng.uniform(0.1, 0.4) * gauss(np.hypot((bottle.x - x) / (rng.uniform(3, 9) * scale),
                                                       (v - y) / rng.uniform(0.02, 0.06)), 1.0)
    return lamp * (bottle.glass > 0.5)


def paint_bubbles(rng: np.random.Generator, image: np.ndarray, bottle: Bottle) -> None:
    """Bubbles in the liquid, more of them near its surface: bright rim, dark outline. Never annotated; in place."""
    height, width = image.shape[:2]
    for _ in range(rng.integers(2, 13)):
        row = int(height * rng.uniform(0.1, 0.9))
        surface = float(bottle.surface[row, width // 2])
        near = rng.random() < 0.4
        column = surface - (rng.exponential(14) * bottle.scale if near else rng.uniform(0, 0.85) * surface)
        size = float(np.clip(rng.lognormal(0.75, 0.5), 1.1, 6.5)) * bottle.scale
        if 0 <= column < width and bottle.liquid[row, int(column)] > 0.5 and abs(bottle.u[row, int(column)]) < 0.9:
            _paint_bubble(image, column, row, size, rng.uniform(0.5, 1.0))


def _paint_bubble(image: np.ndarray, x: float, y: float, radius: float, strength: float) -> None:
    reach = int(radius * 1.6) + 2
    top, left = max(0, int(y) - reach), max(0, int(x) - reach)
    patch = image[top:int(y) + reach + 1, left:int(x) + reach + 1]
    rows, columns = np.mgrid[top:top + patch.shape[0], left:left + patch.shape[1]].astype(np.float32)
    dx, dy = (columns - x) / radius, (rows - y) / radius
    distance = np.hypot(dx, dy)
    thin = max(0.16, 0.7 / radius)
    light = 0.34 * gauss(distance - 0.8, thin) - 0.26 * gauss(distance - 1.12, thin) + 0.06 * (distance < 0.8)
    light += 0.45 * gauss(np.hypot(dx + 0.38, dy + 0.38), max(0.16, 0.5 / radius))
    patch += strength * light[..., None].astype(np.float32)


def photograph(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """What lens and sensor add: vignette and noise. Returns uint8 BGR."""
    height, width = image.shape[:2]
    y, x = np.linspace(-1, 1, height, dtype=np.float32)[:, None], np.linspace(-1, 1, width, dtype=np.float32)[None]
    vignette = 1 - rng.uniform(0.05, 0.2) * (0.7 * x ** 2 + 0.3 * y ** 2)
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    seen = image * vignette[..., None] + rng.uniform(0.006, 0.014) * noise
    return np.clip(seen * 255 + 0.5, 0, 255).astype(np.uint8)

"""Rendered pictures of foreign objects in liquid: a small, free and deterministic stand-in for inspection data.

One picture is a function of (seed, split, index, size) alone, so it does not change with the number of pictures.
"""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from . import vials_scene as scene
from .vials_objects import KINDS, draw, make_object

#: An object covers a pixel from this coverage on.
VISIBLE = 0.3
#: No box has a side below this, in pixels.
MIN_SIDE = 3
MAX_OBJECTS = 4
_TRIES = 40


@dataclass(frozen=True)
class Particle:
    """One object of a picture: kind (one of ``KINDS``), mask (h, w) bool, box (x, y, width, height) in pixels."""

    kind: str
    mask: np.ndarray
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Vial:
    """A picture, uint8 BGR (h, w, 3), and its objects."""

    image: np.ndarray
    particles: tuple[Particle, ...]


def render_vial(key: tuple[int, ...], size: tuple[int, int] = (320, 136), empty: float = 0.1) -> Vial:
    """Render one picture.

    Args:
        key: numbers that name the picture, for example (seed, index): the seed of all its randomness.
        size: (width, height) in pixels; lengths scale with the height.
        empty: probability of a picture without objects, 0..1. The scene is the same with and without them.
    """
    width, height = size
    for_scene, for_objects, for_sensor = np.random.default_rng(key).spawn(3)
    bottle = scene.make_bottle(for_scene, width, height)
    canvas = scene.paint_background(for_scene, bottle.v.shape, bottle.scale)
    canvas = scene.paint_bottle(for_scene, canvas, bottle).astype(np.float32)
    scene.paint_bubbles(for_scene, canvas, bottle)
    lamps = scene.glare(for_scene, bottle)
    number = 0 if for_objects.random() < empty else int(for_objects.integers(1, MAX_OBJECTS + 1))
    canvas, particles = _add_objects(for_objects, canvas, bottle, lamps, number)
    canvas = canvas + lamps[..., None].astype(np.float32)
    canvas = cv2.GaussianBlur(canvas, (0, 0), 0.35 * bottle.scale)
    return Vial(scene.photograph(for_sensor, canvas), tuple(particles))


def _add_objects(rng: np.random.Generator, canvas: np.ndarray, bottle: scene.Bottle, lamps: np.ndarray,
                 number: int) -> tuple[np.ndarray, list[Particle]]:
    """Draw up to ``number`` objects at free places in the liquid; fewer where there is no room."""
    free = ((bottle.liquid > 0.99) & (np.abs(bottle.u) < 0.9) & (lamps < 0.15)).astype(np.uint8)
    particles: list[Particle] = []
    for _ in range(_TRIES):
        if len(particles) == number:
            break
        drawn = _try_object(rng, canvas, bottle, free)
        if drawn is not None:
            canvas, particle = drawn
            particles.append(particle)
    return canvas, particles


def _try_object(rng: np.random.Generator, canvas: np.ndarray, bottle: scene.Bottle, free: np.ndarray,
                ) -> tuple[np.ndarray, Particle] | None:
    """One object at a random place; None if it does not fit there or is too small to be marked."""
    kind = KINDS[rng.integers(len(KINDS))]
    rows, columns = np.nonzero(free)
    place = int(rng.integers(len(rows)))
    center = float(columns[place]), float(rows[place])
    under = float(canvas[rows[place], columns[place]].mean())
    canvas = canvas.copy()
    coverage = draw(canvas, make_object(rng, kind, bottle.scale, under), center, rng.uniform(0.3, 0.55) * bottle.scale)
    touched = coverage > 0.02
    if not free[touched].all():
        return None
    mask = coverage > VISIBLE
    box = mask_box(mask)
    if box is None or min(box[2:]) < MIN_SIDE:
        return None
    margin = 2 * int(np.ceil(3 * bottle.scale)) + 1
    free[cv2.dilate(touched.astype(np.uint8), np.ones((margin, margin), np.uint8)) > 0] = 0
    return canvas, Particle(kind, mask, box)


def mask_box(mask: np.ndarray) -> tuple[int, int, int, int] | None:
    """The tight box (x, y, width, height) around a mask (h, w), None for an empty one."""
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1)

"""A cheap look at live frames on the CPU: which of them are worth the model's time."""
from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from mminspect.core.errors import UserError

#: Pixels of the side of the thumbnail that frames are compared by, and of its blocks.
_SIDE, _BLOCK = 64, 8
#: Frames that the normal model is made from before it judges, and what one frame weighs at least from then on.
_LEARNING, _WEIGHT = 30, 0.02
#: Grey values that are noise of the camera: no block is steadier than that.
_NOISE = 1.0


class Reason(StrEnum):
    """Why a frame does not go to the model."""

    DARK = 'dark'
    BRIGHT = 'bright'
    BLURRED = 'blurred'
    DUPLICATE = 'duplicate'
    NORMAL = 'normal'


@dataclass(frozen=True)
class PrescreenSettings:
    """What is kept back. Each criterion is off at the value in brackets.

    A frame too many is better than a defect missed, so the defaults keep back little.

    Attributes:
        enabled: False: every frame is accepted.
        dark: Mean grey value of under-exposed frames is below it, 0..255 (0).
        bright: Mean grey value of over-exposed frames is above it, 0..255 (255).
        blur: Variance of the Laplacian of blurred frames is below it, squared grey values, 0 or more (0). It depends
            on what is seen: look at a sharp and a blurred frame of the line first.
        duplicate: Mean absolute difference of the 64x64 grey thumbnail to that of the last accepted frame is below it,
            grey values, 0..255 (0).
        normal: Distance to the running model of normal frames is below it, in standard deviations, 0 or more (0). The
            model knows mean and standard deviation of 8x8 blocks: defects that change neither are not noticed, so it
            suits lines where most frames show nothing at all.

    Raises:
        UserError: A value outside its range.
    """

    enabled: bool = True
    dark: float = 5.0
    bright: float = 250.0
    blur: float = 0.0
    duplicate: float = 0.3
    normal: float = 0.0

    def __post_init__(self) -> None:
        for name, highest in dict(dark=255, bright=255, blur=math.inf, duplicate=255, normal=math.inf).items():
            value = getattr(self, name)
            if not 0 <= value <= highest:
                raise UserError(f'pre-screening: {name} must be from 0 to {highest}, got {value}')


class Prescreen:
    """The sieve of one camera; it belongs to one thread.

    Attributes:
        counters: Frames 'seen' and 'accepted', and those kept back by reason.
    """

    def __init__(self, settings: PrescreenSettings | None = None) -> None:
        self.settings = settings or PrescreenSettings()
        self.counters = dict.fromkeys(('seen', 'accepted', *(reason.value for reason in Reason)), 0)
        self._accepted: NDArray[np.float32] | None = None
        self._normal = _NormalFrames()

    def accepts(self, pixels: NDArray[np.uint8]) -> Reason | None:
        """Look at the next frame.

        Args:
            pixels: (H, W, 3), RGB.

        Returns:
            Why it is kept back, the first reason in the order of :class:`Reason`; None: it is accepted.
        """
        reason = self._reason(pixels) if self.settings.enabled else None
        self.counters['seen'] += 1
        self.counters['accepted' if reason is None else reason.value] += 1
        return reason

    def _reason(self, pixels: NDArray[np.uint8]) -> Reason | None:
        limits, grey = self.settings, cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        thumb = cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
        if (mean := float(thumb.mean())) < limits.dark:
            return Reason.DARK
        if mean > limits.bright:
            return Reason.BRIGHT
        if limits.blur and _sharpness(grey) < limits.blur:
            return Reason.BLURRED
        if self._accepted is not None and np.abs(thumb - self._accepted).mean() < limits.duplicate:
            return Reason.DUPLICATE
        if limits.normal and self._normal.distance(thumb, limits.normal) < limits.normal:
            return Reason.NORMAL
        self._accepted = thumb
        return None


def _sharpness(grey: NDArray[np.uint8]) -> float:
    """Variance of the Laplacian."""
    return float(cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S))[1].item()**2)


class _NormalFrames:
    """Mean and variance of blocks' statistics over the frames that looked normal."""

    def __init__(self) -> None:
        self._count, self._mean, self._variance = 0, 0.0, 0.0

    def distance(self, thumb: NDArray[np.float32], limit: float) -> float:
        """Standard deviations by which the strangest block differs; infinite while the model is being made.

        A frame below ``limit`` becomes part of the model, so that it follows slow changes of light. After a sudden
        change no frame is below, and all go to the inspection, which is the safe side.
        """
        blocks = thumb.reshape(_SIDE // _BLOCK, _BLOCK, -1, _BLOCK)
        values = np.stack([blocks.mean((1, 3)), blocks.std((1, 3))])
        learning = self._count < _LEARNING
        distance = math.inf if learning else float(
            np.max(np.abs(values - self._mean) / np.sqrt(self._variance + _NOISE**2)))
        if learning or distance < limit:
            self._count += 1
            weight, change = max(1 / self._count, _WEIGHT), values - self._mean
            self._mean = self._mean + weight * change
            self._variance = (1 - weight) * (self._variance + weight * change**2)
        return distance

"""How the pixels of a file or a camera become those that a model sees: data that travels with the model."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from mminspect.core.errors import UserError

from .images import as_rgb, read_image

#: Steps of a pipeline that read an image, by the end of their name; their arguments of these names are the reading.
LOADERS = ('LoadInspectionImage', 'LoadTile')
#: No type of pixels holds more (float32).
_WHITEST = 3e38


@dataclass(frozen=True)
class Reading:
    """Options of :func:`~mminspect.vision.images.read_image`, the same in training, test, inspection and station.

    Attributes:
        max_value: Value of white in sources of more than 8 bits, 4095 for 12 bits stored in 16; None: the largest that
            fits the source's bits.
        orientation: Whether images are turned as their EXIF data asks for.

    Raises:
        UserError: ``max_value`` is no finite number above 0, or ``orientation`` neither true nor false.
    """

    max_value: float | None = None
    orientation: bool = True

    def __post_init__(self) -> None:
        value = self.max_value
        if value is not None and (isinstance(value, bool) or not isinstance(value, Real)
                                  or not 0 < value < _WHITEST):
            raise UserError(f'max_value of the loader of images is {value!r}: give the value of white, a finite number '
                            'above 0 such as 4095, or None')
        if not isinstance(self.orientation, bool):
            raise UserError(f'orientation of the loader of images is {self.orientation!r}: give True or False')

    @classmethod
    def of_pipeline(cls, steps: Iterable[Mapping[str, Any]]) -> Reading:
        """That of the loader in a pipeline's config; the defaults where there is none of :data:`LOADERS`."""
        loader = next((step for step in steps if isinstance(step, Mapping)
                       and str(step.get('type')).split('.')[-1] in LOADERS), {})
        return cls(**{name: loader[name] for name in ('max_value', 'orientation') if name in loader})

    def read(self, path: str | Path) -> np.ndarray:
        """A file as (H, W, 3) RGB of 0..255, uint8 or float32; raises UserError as ``read_image``."""
        return read_image(path, self.max_value, self.orientation)

    def take(self, pixels: np.ndarray, name: str) -> np.ndarray:
        """An array (H, W) or (H, W, 3) in RGB order likewise.

        Args:
            pixels: uint8 is taken as it is; of other types ``max_value`` is white.
            name: For the message.

        Raises:
            UserError: It has no pixels, another shape, or values of unknown range.
        """
        if not pixels.size:
            raise UserError(f'{name} has no pixels (its shape is {pixels.shape}): give an image of at least 1x1')
        return as_rgb(pixels, self.max_value, name)

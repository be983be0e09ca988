"""How the pixels of a file or a camera become those that a model sees: data that travels with the model."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mminspect.core.errors import UserError

from .images import as_rgb, read_image

#: Steps of a pipeline that read an image, by the end of their name; their arguments of these names are the reading.
LOADERS = ('LoadInspectionImage', 'LoadTile')


@dataclass(frozen=True)
class Reading:
    """Options of :func:`~mminspect.vision.images.read_image`, the same in training, test, inspection and station.

    Attributes:
        max_value: Value of white in sources of more than 8 bits, 4095 for 12 bits stored in 16; None: the largest that
            fits the source's bits.
        orientation: Whether images are turned as their EXIF data asks for.
    """

    max_value: float | None = None
    orientation: bool = True

    @classmethod
    def of_pipeline(cls, steps: Iterable[Mapping[str, Any]]) -> Reading:
        """That of the loader in a pipeline's config; the defaults where there is none of :data:`LOADERS`."""
        loader = next((step for step in steps if isinstance(step, Mapping)
                       and str(step['type']).split('.')[-1] in LOADERS), {})
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

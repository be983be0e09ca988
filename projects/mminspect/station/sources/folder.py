"""The images of a folder in place of a camera."""
from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mminspect.core.errors import UserError
from mminspect.vision.folders import list_tree
from mminspect.vision.images import IMAGE_EXTENSIONS

from .registry import register_source
from .source import Report, Source

#: Frames a second unless another rate is given.
RATE = 2.0


@register_source('folder')
class FolderSource(Source):
    """The images of a folder and of those in it, by name; at each turn it is looked at anew.

    Args:
        path: The folder.
        rate: Frames a second; None: :data:`RATE`.
        loop: Whether the folder begins again behind the last image.
        report: Function that is told of images that cannot be read; they are left out.

    Raises:
        UserError: The folder is missing or holds no image.
    """

    address_example = 'DIR'

    def __init__(self, path: str | Path, rate: float | None = None, loop: bool = True, report: Report | None = None
                 ) -> None:
        self._path, self._loop = Path(path), loop
        if not self._path.is_dir():
            raise UserError(f'folder {path} does not exist: check the path')
        super().__init__(rate or RATE, report)
        self._images()

    def pictures(self) -> Generator[NDArray[np.uint8], None, None]:
        """See :class:`Source`."""
        first = True
        while first or self._loop:
            first, read, whole = False, False, True
            for path in self._images():
                if self.closed.is_set():
                    return
                try:
                    pixels = self.reading.read(path)
                except UserError as error:
                    self.report(str(error))
                    whole = False
                    continue
                read = True
                yield pixels if pixels.dtype == np.uint8 else np.rint(pixels).astype(np.uint8)
            if whole:
                self.report('')
            if not read:
                raise UserError(f'no image in {self._path} can be read: replace them')

    def _images(self) -> list[Path]:
        found = list_tree(self._path).images
        if not found:
            raise UserError(f'there is no image in {self._path} ({", ".join(IMAGE_EXTENSIONS)}): put some there')
        return found

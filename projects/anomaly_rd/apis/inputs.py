"""What an inferencer may be given, as names and sources of images."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.logging import print_log
from numpy.typing import NDArray

from mminspect.core.errors import UserError
from mminspect.vision.folders import list_tree
from mminspect.vision.images import IMAGE_EXTENSIONS

Input = str | Path | NDArray


def as_sources(inputs: Input | Sequence[Input]) -> list[tuple[str, Input]]:
    """Name and source of every image: of a file its path twice, of an array ``'array <place in the list>'`` and itself.

    Args:
        inputs: A path, a folder (its images and those below it, sorted; see :mod:`mminspect.vision.folders`), an
            array, or a list of those.

    What was left out of folders is logged.

    Raises:
        UserError: A path does not exist, there is no image, or an input is neither a path nor an array.
    """
    items = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    found = [one for number, item in enumerate(items) for one in _sources(item, number)]
    if not found:
        raise UserError('there is nothing to score: give at least one image')
    return found


def _sources(item: Input, number: int) -> list[tuple[str, Input]]:
    if isinstance(item, np.ndarray):
        return [(f'array {number}', item)]
    if not isinstance(item, (str, Path)):
        raise UserError(f'input {number} is a {type(item).__name__}: give paths of images or arrays (H, W, 3)')
    path = Path(item)
    if path.is_dir():
        found = list_tree(path)
        if not found.images:
            raise UserError(f'folder {path} holds no image ({", ".join(IMAGE_EXTENSIONS)})')
        if told := found.told():
            print_log(f'folder {path}: {told}', logger='current')
        return [(str(image), str(image)) for image in found.images]
    if not path.is_file():
        raise UserError(f'image {path} does not exist: check the path')
    return [(str(path), str(path))]

"""What an inferencer may be given, as the records that a test pipeline takes."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anomaly_rd.datasets.listing import list_images
from mminspect.core.errors import UserError
from mminspect.vision.images import IMAGE_EXTENSIONS, as_rgb

Input = str | Path | NDArray


def as_records(inputs: Input | Sequence[Input]) -> list[dict[str, Any]]:
    """One record per image: ``img_path`` and ``sample_idx``; for arrays also ``img`` (H, W, 3).

    Args:
        inputs: A path, a folder (its images, sorted, hidden files left out), an array (H, W, 3) in RGB order or (H, W),
            uint8 or uint16, or a list of those.

    Raises:
        UserError: A path does not exist, there is no image, or an array is of another type or shape.
    """
    items = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    records = [record for number, item in enumerate(items) for record in _records(item, number)]
    if not records:
        raise UserError('there is nothing to score: give at least one image')
    return [dict(record, sample_idx=i) for i, record in enumerate(records)]


def _records(item: Input, number: int) -> list[dict[str, Any]]:
    if isinstance(item, np.ndarray):
        return [dict(img_path=f'array {number}', img=as_rgb(item, name=f'array {number}'))]
    if not isinstance(item, (str, Path)):
        raise UserError(f'input {number} is a {type(item).__name__}: give paths of images or arrays (H, W, 3)')
    path = Path(item)
    if path.is_dir():
        if not (found := list_images(path)):
            raise UserError(f'folder {path} holds no image ({", ".join(IMAGE_EXTENSIONS)})')
        return [dict(img_path=str(image)) for image in found]
    if not path.is_file():
        raise UserError(f'image {path} does not exist: check the path')
    return [dict(img_path=str(path))]

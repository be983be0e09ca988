"""How large objects are: in the image, and when they reach the network."""
from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mminspect.vision.images import read_mask

from .items import Box, Item, Listing, Size

#: Of a mask with more regions, only these are measured behind the resizing.
MOST_REGIONS = 64


@dataclass(frozen=True)
class ObjectSize:
    """One object.

    Attributes:
        path: Of the image.
        box: Where it is, with its class or the name of its defect.
        before: The square root of its area in pixels of the image.
        after: The same in pixels of the network's input; 0 where nothing of it is left.
    """

    path: str
    box: Box
    before: float
    after: float


def measure_objects(item: Item, size: Size, listing: Listing) -> list[ObjectSize]:
    """All objects of an image: boxes, and the 8-connected regions of its mask.

    Boxes without an area, as exchanged corners give them, have no size; the checks say what is wrong with them.

    Args:
        item: The image.
        size: (width, height) of it in pixels.
        listing: Which says how it is resized.

    Raises:
        UserError: The mask cannot be read.
    """
    across, down = listing.factors(size)
    found = [ObjectSize(item.path, box, math.sqrt(box.width * box.height),
                        math.sqrt(box.width * across * box.height * down))
             for box in item.boxes if box.width > 0 and box.height > 0]
    if item.mask_path is not None:
        found += _regions(item, read_mask(item.mask_path), listing, across * down)
    return found


def _regions(item: Item, mask: NDArray[np.uint8], listing: Listing, area_factor: float) -> Iterator[ObjectSize]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    for label in range(1, min(count, MOST_REGIONS + 1)):
        x, y, width, height, area = map(int, stats[label])
        left = area * area_factor
        if listing.mask_steps is not None:
            left = _left((labels == label).astype(np.uint8) if count > 2 else mask, listing)
        yield ObjectSize(item.path, Box(item.label or '', x, y, width, height), math.sqrt(area), math.sqrt(left))


def _left(mask: NDArray[np.uint8], listing: Listing) -> int:
    """Pixels of a region behind the pipeline."""
    for step in listing.mask_steps or ():
        mask = step(mask)
    return int(np.count_nonzero(mask))

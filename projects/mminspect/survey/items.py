"""What a method says of its data set when it is looked at: images with their labels, and what was left out."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from mminspect.vision.reading import Reading

#: Label of images without a defect.
GOOD = 'good'
#: (width, height) in pixels.
Size = tuple[int, int]


def as_it_is(size: Size) -> tuple[float, float]:
    """Factors of a pipeline that does not resize."""
    return 1.0, 1.0


@dataclass(frozen=True)
class Box:
    """An annotated object: its class, its upper left corner and its sides, in pixels of the image as it is read."""

    category: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Item:
    """An image that training or test gets.

    Attributes:
        path: Of its file.
        label: 'good', the name of its defect, or None where the boxes say what is in it.
        boxes: The objects in it.
        mask_path: The mask of its defect, if it has one.
        size: (width, height) in pixels as the annotations give it, or None.
        incomplete: Whether annotated objects of it are not given, so that an image without a box is not a good one.
    """

    path: str
    label: str | None = None
    boxes: tuple[Box, ...] = ()
    mask_path: str | None = None
    size: Size | None = None
    incomplete: bool = False

    @property
    def defective(self) -> bool | None:
        """Whether there is something to find in it; None where all that was annotated in it is not given."""
        if self.label is not None:
            return self.label != GOOD
        return None if self.incomplete and not self.boxes else bool(self.boxes)


@dataclass(frozen=True)
class Listing:
    """The images of one data set.

    Attributes:
        items: What training or test gets.
        left_out: Reason -> number of images that it does not get; of :data:`mminspect.vision.folders.OTHERS`, of files
            that are none.
        objects_left_out: Reason -> number of annotated objects that it does not get.
        classes: Names in the order of the labels; empty where there are none.
        reading: How the pipeline makes pixels of the files.
        factors: (width, height) of an image -> by how much its two sides are stretched on the way to the network; of a
            pipeline that chooses at random, the smallest.
        mask_steps: What the pipeline does to a mask (H, W) uint8, in order; None where ``factors`` says all.
    """

    items: list[Item]
    left_out: dict[str, int] = field(default_factory=dict)
    objects_left_out: dict[str, int] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    reading: Reading = field(default_factory=Reading)
    factors: Callable[[Size], tuple[float, float]] = as_it_is
    mask_steps: tuple[Callable[[np.ndarray], np.ndarray], ...] | None = None

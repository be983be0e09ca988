"""Images of a calibration that say less about new good parts than their number promises: copies, and known ones."""
from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from mmengine.config import Config
from numpy.typing import NDArray

from mminspect.core.errors import UserError
from mminspect.decisions.fitting import NormalImage
from mminspect.inspection.calibrating import numbers_of
from mminspect.inspection.result import InspectionResult
from mminspect.models.config_trust import check_components, import_methods_of
from mminspect.runtime import CHECKS
from mminspect.vision.copies import copies

from .copies import NEAR, Read, find_copies, groups_of, projection, sketch
from .measures import shrink

#: Below so many different images nothing is said of how much they differ.
_FEW = 3
#: Names of folders, in small letters, that hold the images of a training.
_TRAINING = ('train', 'training')


class CalibrationImages:
    """Numbers of normal images, of which copies count as one, and a word where nearly all may be one picture.

    Copies are what ``mminspect check`` calls so, see :mod:`.copies`: recompressed and resized ones too.

    Args:
        read: How the file of an image becomes (H, W, 3) pixels of 0..255.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._images: list[NormalImage] = []
        self._sketches: list[NDArray[np.float32]] = []
        self._means: list[float] = []
        self._matrix = projection()

    def add(self, result: InspectionResult, pixels: NDArray) -> None:
        """Take an image, which was inspected with (H, W, 3) pixels of 0..255."""
        small = shrink(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
        self._images.append(numbers_of(result, pixels))
        self._sketches.append(sketch(small[None], self._matrix)[0])
        self._means.append(float(small.mean()))

    def counted_once(self, paths: Sequence[str | Path]) -> list[NormalImage]:
        """The numbers, with one digest for all copies of an image, which then count once.

        Logs a warning where the different ones are so near to each other that they may show one part.

        Args:
            paths: Of the images, in the order in which they were added.
        """
        images = list(self._images)
        if len(images) < 2:
            return images
        found = find_copies(np.stack(self._sketches), [image.digest for image in images], list(map(str, paths)),
                            [self._read] * len(images))
        groups = groups_of(found.pairs, len(images))
        for group in groups:
            for index in group[1:]:
                images[index] = replace(images[index], digest=images[group[0]].digest)
        again = {index for group in groups for index in group[1:]}
        self._tell_nearness([index for index in range(len(images)) if index not in again])
        return images

    def _tell_nearness(self, chosen: Sequence[int]) -> None:
        """By the distances of the images from the mean of all."""
        if len(chosen) < _FEW:
            return
        sketches, means = np.stack(self._sketches)[chosen], np.array(self._means)[chosen]
        squares = np.square(sketches - sketches.mean(axis=0)).sum(axis=1) + np.square(means - means.mean())
        usual = float(np.median(np.sqrt(squares)))
        if usual < NEAR:
            logging.getLogger(__name__).warning(
                'These %d normal images hardly differ from each other (by %.1f grey levels of 255 at 128x128): if they '
                'show one part, as of a camera that stood still, the promise is that of one image. Calibrate with '
                'photographs of different parts.', len(chosen), usual)


def seen_by_training(cfg: Config, path: str, images: Sequence[str]) -> list[str]:
    """Those of the images that are, or have the bytes of, images of a config's training.

    Images that the training keeps back for its threshold are none of them. Nothing is found where the training's data
    set is not there any more, or is of a kind that cannot be listed.

    Args:
        cfg: Of the training; only registered components of it are built.
        path: Of the file that it is from.
        images: Paths.
    """
    loader = cfg.get('train_dataloader')
    if not loader:
        return []
    part = Config(dict(model=dict(cfg.model), test_dataloader=loader, default_scope=cfg.get('default_scope', 'mmdet')))
    try:
        import_methods_of(part, path)
        check_components(part, path)
        listings = [listing for function in CHECKS.of('survey') for listing in function(loader['dataset'])]
    except (UserError, OSError, LookupError, TypeError, ValueError):  # of another machine or version
        return []
    return list(copies([item.path for listing in listings for item in listing.items], images))


def training_warning(folder: Path, images: Sequence[str], seen: Callable[[], Sequence[str]] | None) -> str | None:
    """What to say where good parts for a threshold are those of the training, or None.

    Args:
        folder: Of the images.
        images: Their paths.
        seen: Gives those that the training knows; None where nobody knows its config, and the name of the folder alone
            can tell.
    """
    remedy = ('images of a training score lower than new good parts do, so that the rate does not hold: calibrate with '
              'good parts that it has not seen')
    if known := list(seen()) if seen else []:
        return f"{len(known)} of {len(images)} images are those of the model's training (first: '{known[0]}'); {remedy}"
    if seen is None and any(part.lower() in _TRAINING for part in folder.resolve().parts[-2:]):
        return f"'{folder}' is called as the images of a training are; if the model's training had them: {remedy}"
    return None

"""From the numbers of normal images to a calibration: one function for the training's hook and for the tool."""
from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mminspect.core.errors import UserError

from .calibration import Calibration, MapScale
from .normal_scores import NormalScores
from .threshold import HOLDOUT, Threshold, fit_threshold


@dataclass(frozen=True)
class NormalImage:
    """One normal image in numbers: its score and the extremes of its maps.

    Attributes:
        score: The larger, the more anomalous.
        lows: Smallest value of the anomaly map, then of every level map; empty where the model has no map.
        highs: Largest values likewise.
        digest: Of its pixels, see :func:`digest_of`; '' where they are not known.
    """

    score: float
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()
    digest: str = ''


def digest_of(pixels: NDArray) -> str:
    """32 hexadecimal digits that two images share if their pixels, shapes and types are the same."""
    digest = hashlib.blake2b(f'{pixels.dtype}{pixels.shape}'.encode(), digest_size=16)
    digest.update(np.ascontiguousarray(pixels).data.cast('B'))
    return digest.hexdigest()


def distinct_images(images: Sequence[NormalImage]) -> list[NormalImage]:
    """Each image once: of those with the same pixels the first.

    Where pixels are not known, images count as the same whose maps have the same extremes, and their scores too: so it
    is with copies, and hardly ever with two parts.
    """
    kept: dict[object, NormalImage] = {}
    for number, image in enumerate(images):
        numbers = (image.score, image.lows, image.highs) if image.highs else number
        kept.setdefault(image.digest or numbers, image)
    return list(kept.values())


def fit_calibration(images: Sequence[NormalImage], rule: str = 'quantile', quantile: float = 0.995,
                    origin: str = HOLDOUT, rate: float | None = None) -> Calibration:
    """Fit the threshold on scores and, by the same rule on the largest values of the maps, the limits of the scales.

    Copies of an image say nothing new about good parts, however many there are: each counts once, and a warning tells
    how many are left.

    Args:
        images: Normal images, with equally many maps each.
        rule: Of :func:`fit_threshold`, as the two next.
        quantile: For the rule 'quantile', in (0, 1].
        origin: What the images are.
        rate: In place of a rule, the false-reject rate in (0, 1) that is promised, see :meth:`NormalScores.threshold`.

    Raises:
        UserError: As :func:`fit_threshold`, or with a rate as :meth:`NormalScores.threshold`.
    """
    def fit(values: Sequence[float]) -> Threshold:
        if rate is None:
            return fit_threshold(values, rule, quantile, origin)
        return NormalScores.of(values, origin).threshold(rate)

    given, images = len(images), distinct_images(images)
    _tell_copies(given, images)
    scores = [image.score for image in images]
    try:
        threshold = fit(scores)
    except UserError as error:
        if len(images) == given:
            raise
        raise UserError(f'of {given} images only {len(images)} differ from each other: {error}') from error
    lows, highs = (list(zip(*values, strict=True)) for values in ([i.lows for i in images], [i.highs for i in images]))
    scales = [MapScale(min(low), fit(high).value) for low, high in zip(lows, highs, strict=True)]
    return Calibration(threshold, scales[0] if scales else None, tuple(scales[1:]), NormalScores.of(scores, origin))


def _tell_copies(given: int, images: Sequence[NormalImage]) -> None:
    """Warn of images that are copies of others, and of scores that many different images share."""
    log = logging.getLogger(__name__)  # not mmengine's, which loads torch
    if len(images) < given:
        log.warning('Of %d normal images only %d differ from each other: copies count once, and the promise is that of '
                    '%d images. Did the camera stand still?', given, len(images), len(images))
    scores = [image.score for image in images if image.score]  # a detector has 0 wherever it finds nothing
    if len(scores) > 2 and 2 * len(set(scores)) <= len(scores):
        log.warning('%d normal images have only %d different scores: the model hardly tells them apart.', len(scores),
                    len(set(scores)))

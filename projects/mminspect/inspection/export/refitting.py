"""A threshold for a quantised network, whose scores are not those of the network that it was made from."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mminspect.decisions import Calibration, NormalImage, refit_calibration, same_images
from mminspect.inspection.calibrating import numbers_of
from mminspect.inspection.inspector import Inspector
from mminspect.inspection.network import Network

#: Two scores of one network for one image differ by this share of the known scores' span at most: of PyTorch and of the
#: exported file.
SHARE = 0.01


def refit(exact: Network, quantized: Network, images: Sequence[str | Path]) -> Calibration | None:
    """Choose the threshold anew, from the same normal images by the same rule.

    Nobody has the names of the images that the threshold was fitted on, but the exact network knows them by their
    scores. Only they are taken: others among the images may be of the training, whose scores are too low.

    Args:
        exact: The network in float32, with its calibration.
        quantized: The same in integers.
        images: Files of normal images, among which the ones of the calibration may be.

    Returns:
        None where there is no calibration, where one of its images is not among ``images``, or where the threshold does
        not follow from scores.

    Raises:
        UserError: An image is missing or damaged.
    """
    inspector = Inspector(exact)
    known = inspector.calibration
    if known is None or known.scores is None or len(known.scores) > len(images) or inspector.sees_otherwise:
        return None
    values = known.scores.values
    tolerance = max(SHARE * (values[-1] - values[0]), 1e-4 * abs(values[-1]))
    found = same_images(values, [result.score for result in inspector.many(images)], tolerance)
    return None if found is None else refit_calibration(known, _numbers(quantized, inspector, [
        images[place] for place in found]))


def _numbers(network: Network, like: Inspector, images: Sequence[str | Path]) -> list[NormalImage]:
    """Of images in the same tiles."""
    inspector = Inspector(network, like.tile or 0, like.overlap)
    return [numbers_of(result) for result in inspector.many(images)]

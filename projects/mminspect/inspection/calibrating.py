"""A threshold with a stated false-reject rate for a model, from normal images alone."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mminspect.core.errors import UserError
from mminspect.core.fileio import replacing
from mminspect.decisions import Calibration, NormalImage, digest_of, fit_calibration
from mminspect.models.checkpoint import CALIBRATION_KEY, Checkpoint

from .backends import is_exported, set_calibration
from .result import InspectionResult

#: Bits of a file's mode of which one at least says that somebody may write.
WRITABLE = 0o222


def calibrate(results: Iterable[InspectionResult | NormalImage], rate: float, origin: str,
              earlier: Calibration | None = None, tile: int | None = None, overlap: int | None = None) -> Calibration:
    """Fit the threshold, and for models with anomaly maps the limit of normal pixels by the same rule.

    Args:
        results: The results of normal images, made as new images will be inspected (same tiles), or their
            :func:`numbers_of`, by which copies of an image are known, which count once.
        rate: Wanted false-reject rate, in (0, 1).
        origin: What the images are, as it is printed beside the threshold.
        earlier: What the model held before; the scales of its single levels are kept.
        tile: Side in pixels of the tiles that the images were cut into; None: they were not.
        overlap: Pixels that neighbouring tiles shared at least; None without tiles.

    Raises:
        UserError: There are too few images for the rate (says how many are needed), or every score is 0.
    """
    images = [one if isinstance(one, NormalImage) else numbers_of(one) for one in results]
    if images and not any(image.score for image in images):
        raise UserError(f'the model finds nothing at all in these {len(images)} images, so that every score is 0 and '
                        'no threshold follows: train it longer, or lower score_thr in its test_cfg')
    kept = {} if earlier is None else dict(levels=earlier.levels, settings=earlier.settings)
    return replace(fit_calibration(images, origin=origin, rate=rate), tile=tile or 0, overlap=overlap, **kept)


def numbers_of(result: InspectionResult, pixels: NDArray | None = None) -> NormalImage:
    """What a calibration needs of a normal image.

    Args:
        result: Of its inspection.
        pixels: (H, W, 3), as they were inspected; None: they are not known.
    """
    digest = '' if pixels is None else digest_of(pixels)
    if result.anomaly_map is None:
        return NormalImage(result.score, digest=digest)
    # NaN is where a centre crop does not look
    return NormalImage(result.score, (float(np.nanmin(result.anomaly_map)),), (float(np.nanmax(result.anomaly_map)),),
                       digest)


def check_storable(model: str | Path) -> None:
    """Raise UserError if a calibration cannot be stored in this file."""
    if Path(model).suffix == '.safetensors':
        raise UserError(f'{model} holds weights alone and takes no threshold: calibrate the .pth file, or export the '
                        'model and calibrate the exported file')
    if Path(model).is_file() and not Path(model).stat().st_mode & WRITABLE:
        raise UserError(f'{model} is read-only and would be replaced: change its rights, calibrate a copy, or give '
                        '--dry-run')


def store_calibration(model: str | Path, calibration: Calibration, opened: Checkpoint | None = None) -> None:
    """Put a calibration into an exported model or a checkpoint; all else in the file stays as it is.

    The file is replaced as a whole or not at all.

    Args:
        model: The file.
        calibration: To be stored.
        opened: What was read of a checkpoint; None: the file is read.

    Raises:
        UserError: The file cannot take it, or is damaged.
    """
    check_storable(model)
    if is_exported(model):
        set_calibration(model, calibration.state())
        return
    checkpoint = opened or Checkpoint.open(model)
    with replacing(model) as handle:
        torch.save({**checkpoint.content, CALIBRATION_KEY: calibration.state()}, handle)


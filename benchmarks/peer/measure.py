"""A peer's anomaly maps under this project's metrics."""
from __future__ import annotations

from pathlib import Path

import numpy as np


def measure(path: Path, root: Path) -> dict[str, float]:
    """Image and pixel metrics, as fractions, of one ``.npz`` of maps.

    Args:
        path: ``maps`` (N, H, W), ``scores`` (N,), ``labels`` (N,) and ``masks`` (N,) file names, '' where good.
        root: Folder that the file names start from.
    """
    from anomaly_rd.evaluation import functional
    with np.load(path) as arrays:
        maps, scores, labels = arrays['maps'], arrays['scores'], arrays['labels']
        masks = np.stack([read_mask(root / name if name else None, maps.shape[1:]) for name in arrays['masks']])
    pixels, truth = maps.ravel(), masks.ravel()
    metrics = dict(image_auroc=functional.roc_auc(scores, labels), pixel_auroc=functional.roc_auc(pixels, truth),
                   aupro=functional.pro_auc(maps, masks), aupro_05=functional.pro_auc(maps, masks, fpr_limit=0.05))
    for kind, values, target in (('image', scores, labels), ('pixel', pixels, truth)):
        metrics[f'{kind}_ap'] = functional.average_precision(values, target)
        metrics[f'{kind}_f1max'] = functional.f1_max(values, target)
    return {name: float(value) for name, value in metrics.items()}


def read_mask(path: Path | None, size: tuple[int, int]) -> np.ndarray:
    """The mask (H, W) uint8 0/1 at the maps' ``size``, made as for this project's models; None is a good image's."""
    if path is None:
        return np.zeros(size, np.uint8)
    from anomaly_rd.datasets.transforms import ResizeInspection
    from mminspect.vision import images
    return ResizeInspection(size, size_divisor=1).resize_mask(images.read_mask(path))

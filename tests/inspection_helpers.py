"""Networks whose answers follow from the picture by a formula, so that whole inspections can be checked by hand."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mminspect.decisions import HOLDOUT, Calibration, MapScale, NormalScores, Threshold
from mminspect.inspection.inspector import Inspector
from mminspect.inspection.spec import NetworkSpec, Suppression

SIDE = 32


def calibration(limit: float = 0.6, pixel_limit: float | None = 0.5, scores: NormalScores | None = None) -> Calibration:
    """A threshold on scores, and a limit on pixels with 0.1 as the lower end of the colour scale."""
    scale = None if pixel_limit is None else MapScale(0.1, pixel_limit)
    return Calibration(Threshold(limit, HOLDOUT, 20, 'quantile 0.995'), scale, (), scores)


def anomaly_spec(**changed: Any) -> NetworkSpec:
    """Of :class:`Brightness`, with :func:`calibration`."""
    fields = dict(name='bright', kind='anomaly', classes=('defect', ), fingerprint='0123456789abcdef',
                  input_size=(SIDE, SIDE), keep_ratio=False, calibration=calibration().state())
    return NetworkSpec(**{**fields, **changed})


def detection_spec(**changed: Any) -> NetworkSpec:
    """Of :class:`Corners`: one level of four candidates, two classes."""
    suppression = Suppression(level_sizes=(4, ), score_thr=0.05, nms_pre=10, iou_threshold=0.6, max_per_img=10)
    fields = dict(name='corners', kind='detection', classes=('hair', 'glass'), fingerprint='fedcba9876543210',
                  input_size=(SIDE, 2 * SIDE), keep_ratio=True, pad_rgb=(7.0, 7.0, 7.0), suppression=suppression,
                  outputs=('boxes', 'scores'), calibration=calibration(0.4, None).state())
    return NetworkSpec(**{**fields, **changed})


class Brightness:
    """The map is the brightness of the input, 0..1, the score its largest value; keeps the shapes of its batches."""

    runtime, precision = 'pytorch', 'f32'

    def __init__(self, spec: NetworkSpec | None = None) -> None:
        self.spec = spec or anomaly_spec()
        self.batches: list[tuple[int, ...]] = []

    def __call__(self, images: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        assert images.dtype == np.float32
        self.batches.append(images.shape)
        maps = images.mean(axis=3) / np.float32(255)
        outputs = dict(anomaly_map=maps, pred_score=maps.max(axis=(1, 2)))
        return {name: outputs[name] for name in self.spec.outputs}


class Corners:
    """A box in each quarter of the input; its score is the brightness there, 0..1, and its class 1 where red leads."""

    runtime, precision = 'onnxruntime', 'f32'

    def __init__(self, spec: NetworkSpec | None = None) -> None:
        self.spec = spec or detection_spec()
        self.batches: list[tuple[int, ...]] = []

    def __call__(self, images: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        self.batches.append(images.shape)
        height, width = self.spec.input_size[0] // 2, self.spec.input_size[1] // 2
        corners = [(x, y) for y in (0, height) for x in (0, width)]
        boxes = np.array([[x + 1, y + 2, x + width - 3, y + height - 4] for x, y in corners], np.float32)
        scores = np.zeros((len(images), 4, 2), np.float32)
        for n, image in enumerate(images):
            for k, (x, y) in enumerate(corners):
                part = image[y:y + height, x:x + width].mean(axis=(0, 1)) / 255
                scores[n, k, int(part[0] > part[2] + 0.01)] = part.mean()
        return dict(boxes=np.repeat(boxes[None], len(images), 0), scores=scores)


def bright(level: float = 80, spot: float | None = None, shape: tuple[int, int] = (64, 96)) -> NDArray[np.uint8]:
    """A plain picture of this grey value (H, W, 3); ``spot`` is the value of a square at rows 16:32, columns 48:64."""
    picture = np.full((*shape, 3), level, np.uint8)
    if spot is not None:
        picture[16:32, 48:64] = spot
    return picture


def write_images(folder: Path, **levels: tuple[float, float | None]) -> Path:
    """PNG files of :func:`bright`; '__' in a name is a folder, e.g. ``sub__a=(80, 250)`` is sub/a.png."""
    for name, (level, spot) in levels.items():
        path = folder / f'{name.replace("__", "/")}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), bright(level, spot))
    return folder


def anomaly_inspector(**changed: Any) -> Inspector:
    """With :class:`Brightness`; ``changed`` goes into its spec."""
    return Inspector(Brightness(anomaly_spec(**changed)))

"""One image with everything that is known about it: ground truth, the maps of all levels, the map and the decision."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from torch import Tensor

from mminspect.decisions import MapScale, Threshold
from mminspect.models.anomaly_data_sample import AnomalyDataSample
from mminspect.vision.fonts import families, shown

COLOUR_MAP = 'turbo'
#: What images are and are called: the words of tables, panels and histograms.
GOOD, DEFECTIVE = 'good', 'defective'
#: Pixels of the longer side that a picture keeps, and of a cell's width.
KEPT, CELL = 512, (256, 420)
DPI = 100
TRUTH_COLOUR, CONTOUR_COLOUR = '#00e04a', 'white'
#: Share of the map's colours in an overlay, where it has any.
OPACITY = 0.45
#: Inches around the cells: title above, colour bar below.
TITLE, BAR, GAP = 0.55, 0.5, 0.12


@dataclass(frozen=True)
class Picture:
    """What is drawn of one image, reduced to at most :data:`KEPT` pixels a side.

    Attributes:
        name: Title.
        image: (H, W, 3) uint8, red-green-blue.
        anomaly_map: (H, W) float32; None of a method that judges whole images.
        level_maps: (h_k, w_k) float32 each.
        score: Of the image.
        gt_mask: (H, W) uint8, 1 on defects; None where none is known.
        gt_label: 0, 1 or None where it is not known.
    """

    name: str
    image: NDArray[np.uint8]
    anomaly_map: NDArray[np.float32] | None
    level_maps: tuple[NDArray[np.float32], ...]
    score: float
    gt_mask: NDArray[np.uint8] | None = None
    gt_label: int | None = None

    @classmethod
    def of(cls, name: str, image: Tensor | NDArray, sample: AnomalyDataSample) -> Picture:
        """From a prediction and its image, a tensor (3, H, W) or an array (H, W, 3), red-green-blue of 0..255."""
        image = _array(image).transpose(1, 2, 0) if isinstance(image, Tensor) else image
        heat = None if sample.get('anomaly_map') is None else _array(sample.anomaly_map).astype(np.float32)
        shape = image.shape[:2] if heat is None else heat.shape
        factor = min(1.0, KEPT / max(shape))
        size = (max(1, round(shape[1] * factor)), max(1, round(shape[0] * factor)))
        mask, label = sample.get('gt_mask'), sample.get('gt_label')
        return cls(
            name, cv2.resize(np.clip(image, 0, 255).astype(np.uint8), size, interpolation=cv2.INTER_AREA),
            None if heat is None else cv2.resize(heat, size, interpolation=cv2.INTER_AREA),
            tuple(_array(level).astype(np.float32) for level in sample.get('level_maps') or ()),
            float(sample.pred_score),
            None if mask is None else cv2.resize(_array(mask).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST),
            None if label is None else int(label))


def scales_of(pictures: Iterable[AnomalyDataSample | Picture]) -> tuple[MapScale, ...]:
    """Common scales for a set whose model has no calibration: from the smallest to the largest value of all.

    Args:
        pictures: At least one, all with the same number of level maps.

    Returns:
        Scale of ``anomaly_map``, then of every level map; ``limit`` is the middle and no threshold. None for methods
        without maps.
    """
    lows: Sequence[float] | None = None
    highs: Sequence[float] = ()
    for picture in pictures:
        heat = getattr(picture, 'anomaly_map', None)
        maps = [] if heat is None else [_array(m) for m in (heat, *(getattr(picture, 'level_maps', None) or ()))]
        low, high = [float(m.min()) for m in maps], [float(m.max()) for m in maps]
        lows, highs = (low, high) if lows is None else (list(map(min, lows, low)), list(map(max, highs, high)))
    return tuple(MapScale(low, (low + high) / 2) for low, high in zip(lows or (), highs, strict=True))


def draw_panel(picture: Picture, scales: Sequence[MapScale], threshold: Threshold | None = None,
               limit: float | None = None) -> Figure:
    """Input, ground truth, overlay with contour, map; below them the level maps M1, M2, ...

    Args:
        picture: What to draw.
        scales: Colour scales of the map and of every level map, the same for the whole data set. Level maps without one
            are left out: a checkpoint that had no calibration until mminspect calibrate gave it one knows that of the
            map alone.
        threshold: On the image's score; None leaves out the decision.
        limit: Threshold on pixels; None leaves out the contour. With it the middles of ``scales`` are marked as limits.
    """
    height, width = picture.image.shape[:2]
    levels = picture.level_maps if len(scales) > 1 else ()
    columns, rows = max(4, len(levels)), 2 if levels else 1
    cell = float(np.clip(width, *CELL)) / DPI
    tall = cell * height / width
    size = (columns * (cell + GAP) + GAP, rows * (tall + BAR) + TITLE)
    figure = Figure(figsize=size, dpi=DPI)
    step, top = (cell + GAP) / size[0], 1 - TITLE / size[1]

    def place(row: int, column: int) -> Axes:
        bottom = top - (tall + row * (tall + BAR)) / size[1]
        return figure.add_axes((GAP / size[0] + column * step, bottom, cell / size[0], tall / size[1]), xticks=[],
                               yticks=[])

    _image(place(0, 0), picture.image, 'input')
    _truth(place(0, 1), picture)
    if picture.anomaly_map is not None:
        _overlay(place(0, 2), picture, scales[0], limit)
        _map(place(0, 3), picture.anomaly_map, scales[0], 'anomaly map', limit is not None)
    for number, (level, scale) in enumerate(zip(levels, scales[1:], strict=True)):
        name = f'level {number + 1} ({level.shape[1]}x{level.shape[0]})'
        _map(place(1, number), level, scale, name, limit is not None)
    words = caption(picture, threshold)
    figure.suptitle(shown(words), fontsize=9, fontfamily=families(words), parse_math=False, y=1 - 0.12 / size[1],
                    va='top')
    return figure


def caption(picture: Picture, threshold: Threshold | None) -> str:
    """Name, score, decision and truth in words."""
    parts = [picture.name, f'score {picture.score:.4g}']
    if threshold is not None:
        above = picture.score > threshold.value
        parts[1] += f' {">" if above else "<="} threshold {threshold}: {_word(above)}'
    if picture.gt_label is not None:
        parts.append(f'truth: {_word(picture.gt_label)}')
    return '   |   '.join(parts)


def _word(label: bool | int) -> str:
    return DEFECTIVE if label else GOOD


def _image(axis: Axes, image: NDArray, title: str) -> None:
    axis.imshow(image)
    axis.set_title(title, fontsize=8, pad=3)


def _truth(axis: Axes, picture: Picture) -> None:
    known = picture.gt_mask is not None
    _image(axis, picture.image, 'ground truth' if known else 'ground truth: no mask')
    if known and picture.gt_mask.any():
        axis.contour(picture.gt_mask, levels=[0.5], colors=TRUTH_COLOUR, linewidths=1.2)
        _legend(axis, TRUTH_COLOUR, 'defect')


def _overlay(axis: Axes, picture: Picture, scale: MapScale, limit: float | None) -> None:
    """The image as it is, and colours where the map is above the limit; everywhere where no limit is known."""
    _image(axis, picture.image, 'overlay' if limit is None else 'overlay: colours above the limit of good parts')
    alpha = OPACITY if limit is None else np.where(picture.anomaly_map > limit, OPACITY, 0.0)
    axis.imshow(picture.anomaly_map, cmap=COLOUR_MAP, vmin=scale.low, vmax=scale.high, alpha=alpha,
                interpolation='nearest')
    if limit is not None and picture.anomaly_map.min() <= limit < picture.anomaly_map.max():
        axis.contour(picture.anomaly_map, levels=[limit], colors='black', linewidths=2.2)
        axis.contour(picture.anomaly_map, levels=[limit], colors=CONTOUR_COLOUR, linewidths=1.1)
        _legend(axis, CONTOUR_COLOUR, f'map > limit {limit:.3g}')


def _map(axis: Axes, heat: NDArray, scale: MapScale, title: str, marked: bool) -> None:
    shown = axis.imshow(heat, cmap=COLOUR_MAP, vmin=scale.low, vmax=scale.high, aspect='auto', interpolation='nearest')
    axis.set_title(title, fontsize=8, pad=3)
    bar = axis.figure.colorbar(shown, cax=axis.inset_axes((0, -0.055, 1, 0.035)), orientation='horizontal',
                               ticks=[scale.low, (scale.low + scale.high) / 2, scale.high])
    bar.ax.set_xticklabels([f'{scale.low:.3g}', f'{"limit " if marked else ""}{(scale.low + scale.high) / 2:.3g}',
                            f'{scale.high:.3g}'], fontsize=7)
    bar.ax.tick_params(length=2, pad=1)
    for label, side in zip(bar.ax.get_xticklabels(), ('left', 'center', 'right'), strict=True):
        label.set_horizontalalignment(side)


def _legend(axis: Axes, colour: str, text: str) -> None:
    axis.legend([Line2D([], [], color=colour)], [text], loc='lower right', fontsize=7, handlelength=1.2,
                labelcolor='white', facecolor='black', framealpha=0.6, edgecolor='none', borderpad=0.3)


def _array(value: Tensor | NDArray) -> NDArray:
    return value.detach().cpu().numpy() if isinstance(value, Tensor) else np.asarray(value)

"""What has to be known about a network to use it: kept in the metadata of an exported file."""
from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from mminspect.core.errors import UserError
from mminspect.vision.reading import Reading
from mminspect.vision.tiling import LARGEST_PADDED

#: Entry of an exported file's metadata that holds :meth:`NetworkSpec.to_json`.
METADATA_KEY = 'mminspect'
#: Raised when an entry changes its meaning.
VERSION = 2
#: Versions that can be read: 1 had no ``reading`` and no centre crop.
READABLE = (1, VERSION)


@dataclass(frozen=True)
class Suppression:
    """Which boxes of a detector remain: mmdet's ``test_cfg``.

    Attributes:
        level_sizes: Number of boxes per level of the pyramid, in the order of the network's output.
        score_thr: Boxes with this score or less are dropped.
        nms_pre: The number of (box, class) pairs of each level that are looked at, the best ones.
        iou_threshold: Where two boxes of one class overlap by more, the better one remains.
        max_per_img: At most so many remain.
        min_size: Boxes of this width or height or less, in pixels of the image, are dropped.
        clip: Whether boxes end at the border of the image.
    """

    level_sizes: tuple[int, ...]
    score_thr: float
    nms_pre: int
    iou_threshold: float
    max_per_img: int
    min_size: float = 0.0
    clip: bool = True


@dataclass(frozen=True)
class NetworkSpec:
    """How images get into a network, what comes out, and what it means.

    Attributes:
        name: Name of the config, without suffix.
        kind: 'anomaly', 'detection', or another for which a :class:`~mminspect.inspection.tasks.Task` is registered.
        classes: Names of the labels.
        fingerprint: See :class:`~mminspect.inspection.result.ModelInfo`.
        input_size: (H, W) of the network's input, in pixels.
        keep_ratio: False: the image is stretched to the input size, with Pillow's antialias. True: it is scaled until
            it fits, as mmdet does it (OpenCV, bilinear), and padded on the right and below.
        image_size: (H, W) that the image is brought to, where that is not the input size. With ``keep_ratio`` it has to
            fit into it, and is padded to the input, whose sides are multiples of the network's stride; otherwise it is
            stretched to it, and the input is its middle (a centre crop).
        pad_rgb: Colour of the padding, 0..255; the network's mean, so that it is 0 behind the normalisation.
        calibration: :meth:`mminspect.decisions` state that the checkpoint holds, or None.
        suppression: Which boxes of a detector remain; None for other models.
        outputs: Names of the network's outputs. Anomaly: ``anomaly_map`` (N, H, W) and ``pred_score`` (N,), or the
            latter alone. Detection: ``boxes`` (N, A, 4), x0 y0 x1 y1 in pixels of the input, not clipped, and
            ``scores`` (N, A, classes), 0..1.
        tile: Side of the tiles, in pixels of the image, that large images are cut into; None: the whole image.
        overlap: Pixels of the image that neighbouring tiles share at least; None: an eighth of a tile.
        reading: How files become pixels.
    """

    name: str
    kind: str
    classes: tuple[str, ...]
    fingerprint: str
    input_size: tuple[int, int]
    keep_ratio: bool
    pad_rgb: tuple[float, float, float] = (0.0, 0.0, 0.0)
    calibration: dict[str, Any] | None = None
    suppression: Suppression | None = None
    outputs: tuple[str, ...] = ('anomaly_map', 'pred_score')
    tile: int | None = None
    overlap: int | None = None
    image_size: tuple[int, int] | None = None
    reading: Reading = field(default_factory=Reading)

    @property
    def tiles(self) -> tuple[int | None, int | None]:
        """Side of the tiles that images are cut into, and their overlap: as calibrated, else as trained; None twice:
        images are not cut."""
        known = self.calibration or {}
        if known.get('tile') is not None:
            return known['tile'] or None, known.get('overlap')
        return self.tile, self.overlap

    def with_calibration(self, state: dict[str, Any] | None) -> NetworkSpec:
        """The same network with another calibration."""
        return replace(self, calibration=state)

    def to_json(self) -> str:
        """For the metadata of a file."""
        return json.dumps(dict(asdict(self), version=VERSION))

    @classmethod
    def from_json(cls, text: str, source: str) -> NetworkSpec:
        """The reverse of :meth:`to_json`.

        Raises:
            UserError: ``source``, a file, holds something else, or values of another type or out of range.
        """
        try:
            fields = json.loads(text)
            if fields.pop('version') not in READABLE:
                raise ValueError('another version of the format')
            if fields['suppression'] is not None:
                levels = tuple(fields['suppression'].pop('level_sizes'))
                fields['suppression'] = Suppression(level_sizes=levels, **fields['suppression'])
            lists = {key: tuple(fields[key]) for key in ('classes', 'input_size', 'pad_rgb', 'outputs')}
            if fields['image_size'] is not None:
                lists['image_size'] = tuple(fields['image_size'])
            spec = cls(**{**fields, **lists, 'reading': Reading(**fields.get('reading', {}))})
            _check(spec)
            return spec
        except (ValueError, KeyError, TypeError, AttributeError, UserError) as error:
            raise UserError(f'the description in {source} is damaged ({type(error).__name__}: {error}): export the '
                            'model again') from error


def _check(spec: NetworkSpec) -> None:
    """Types and ranges of what a file says: whoever wrote it need not have been this project.

    Raises:
        ValueError: One is wrong.
    """
    words = (spec.name, spec.kind, spec.fingerprint, *spec.classes, *spec.outputs)
    wrong = {
        'name, kind, fingerprint, classes or outputs': not all(isinstance(word, str) for word in words),
        'input_size': not _is_size(spec.input_size),
        'image_size': spec.image_size is not None and not _is_size(spec.image_size),
        'keep_ratio': not isinstance(spec.keep_ratio, bool),
        'pad_rgb': len(spec.pad_rgb) != 3 or not all(_is_finite(value) for value in spec.pad_rgb),
        'calibration': not isinstance(spec.calibration, (dict, type(None))),
        'tile': spec.tile is not None and not _is_whole(spec.tile, 0, LARGEST_PADDED),
        'overlap': spec.overlap is not None and not _is_whole(spec.overlap, 0, LARGEST_PADDED),
        'suppression': spec.suppression is not None and not _can_suppress(spec.suppression)}
    if names := [name for name, is_wrong in wrong.items() if is_wrong]:
        value = getattr(spec, names[0], None)
        raise ValueError(names[0] if value is None else f'{names[0]} is {value!r}')


def _can_suppress(suppression: Suppression) -> bool:
    counts = (suppression.nms_pre, suppression.max_per_img)  # mmdet's -1 stands for all
    numbers = (suppression.score_thr, suppression.iou_threshold, suppression.min_size)
    return (all(_is_whole(size, 1) for size in suppression.level_sizes)
            and all(_is_whole(count, -1) for count in counts)
            and all(_is_finite(number) for number in numbers) and isinstance(suppression.clip, bool))


def _is_size(value: tuple[Any, ...]) -> bool:
    return len(value) == 2 and all(_is_whole(side, 1, LARGEST_PADDED) for side in value)


def _is_whole(value: Any, least: int, largest: float = math.inf) -> bool:
    return type(value) is int and least <= value <= largest


def _is_finite(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)

"""What has to be known about a network to use it: kept in the metadata of an exported file."""
from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from mminspect.core import stored
from mminspect.core.errors import UserError
from mminspect.decisions import Calibration
from mminspect.vision.reading import Reading
from mminspect.vision.tiling import LARGEST_PADDED

#: Entry of an exported file's metadata that holds :meth:`NetworkSpec.to_json`.
METADATA_KEY = 'mminspect'
#: Key of the description in a file, beside the fields of the spec: the checksum of file and description.
CHECKSUM = 'checksum'
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
        min_size: Boxes of this width or height or less, in pixels of the image, are dropped; mmdet's -1: none.
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
        """The same network with another calibration; without one it sees the tiles that it saw with the earlier one."""
        if state is None:
            tile, overlap = self.tiles
            return replace(self, calibration=None, tile=tile, overlap=overlap)
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
            fields = stored.entries(json.loads(text), 'description')
            fields.pop(CHECKSUM, None)
            if fields.pop('version') not in READABLE:
                raise ValueError('another version of the format')
            if fields['suppression'] is not None:
                levels = tuple(fields['suppression'].pop('level_sizes'))
                fields['suppression'] = Suppression(level_sizes=levels, **fields['suppression'])
            lists = {key: tuple(fields[key]) for key in ('classes', 'input_size', 'pad_rgb', 'outputs')}
            if fields['image_size'] is not None:
                lists['image_size'] = tuple(fields['image_size'])
            spec = cls(**{**fields, **lists, 'reading': Reading(**fields.get('reading', {}))})
            check_spec(spec)
            return spec
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError, UserError) as error:
            raise UserError(f'the description in {source} is damaged ({type(error).__name__}: {error}): export the '
                            'model again') from error


def check_spec(spec: NetworkSpec) -> None:
    """Types and ranges of what a file says: whoever wrote it need not have been this project.

    Raises:
        ValueError: One is wrong.
        UserError: The calibration is damaged.
    """
    for name in ('name', 'kind', 'fingerprint'):
        stored.word(getattr(spec, name), name)
    for name in ('classes', 'outputs'):
        for value in stored.listed(getattr(spec, name), name, least=1):
            stored.word(value, f'one of the {name}')
    if len({*spec.outputs}) < len(spec.outputs):
        raise ValueError(f'outputs is {spec.outputs}')
    if not isinstance(spec.keep_ratio, bool):
        raise ValueError(f'keep_ratio is {spec.keep_ratio!r}')
    _check_sizes(spec)
    if len(spec.pad_rgb) != 3:
        raise ValueError(f'pad_rgb is {spec.pad_rgb}')
    for value in spec.pad_rgb:
        stored.finite(value, 'pad_rgb', -1e6, 1e6)
    for name in ('tile', 'overlap'):
        if getattr(spec, name) is not None:
            stored.whole(getattr(spec, name), name, 0, LARGEST_PADDED)
    if spec.suppression is not None:
        _check_suppression(spec.suppression)
    if spec.calibration is not None:
        Calibration.from_state(stored.entries(spec.calibration, 'calibration'))


def _check_sizes(spec: NetworkSpec) -> None:
    for name in ('input_size', 'image_size'):
        size = getattr(spec, name)
        if size is None and name == 'image_size':
            return
        if len(size) != 2:
            raise ValueError(f'{name} is {size}')
        for side in size:
            if type(side) is not int or not 1 <= side <= LARGEST_PADDED:
                raise ValueError(f'{name} is {size}')
    pairs = list(zip(spec.image_size, spec.input_size, strict=True))
    if any(image > side if spec.keep_ratio else image < side for image, side in pairs):
        raise ValueError(f'image_size is {spec.image_size} and input_size {spec.input_size}')


def _check_suppression(suppression: Suppression) -> None:
    try:
        for size in stored.listed(suppression.level_sizes, 'level_sizes', least=1):
            stored.whole(size, 'level_sizes', 1)
        for name in ('nms_pre', 'max_per_img'):  # mmdet's -1 stands for all
            stored.whole(getattr(suppression, name), name, -1)
        for name in ('score_thr', 'iou_threshold'):
            stored.finite(getattr(suppression, name), name, 0, 1)
        stored.finite(suppression.min_size, 'min_size', -1)
        if not isinstance(suppression.clip, bool):
            raise ValueError(f'clip is {suppression.clip!r}')
    except ValueError as error:
        raise ValueError(f'suppression is wrong: {error}') from error

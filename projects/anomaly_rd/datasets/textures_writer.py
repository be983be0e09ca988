"""Write the rendered textures to a folder in the layout of MVTec AD; all of them or nothing.

::

    OUT/textures.json                          the parameters, so that a second run knows the set
    OUT/weave/train/good/*.png
    OUT/weave/test/{good,hole,stain,thread}/*.png
    OUT/weave/calibration/good/*.png           for a threshold; neither training nor test sees them
    OUT/weave/ground_truth/{hole,stain,thread}/*_mask.png
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from mminspect.core.errors import UserError
from mminspect.experiments.rendered_set import make_set
from mminspect.vision.images import encode_png

from .layouts import GOOD
from .textures import KINDS, render_texture

CATEGORY = 'weave'

#: Raised whenever the same parameters give other pixels, so that an old set is not taken for a new one.
RENDERER_VERSION = 1
#: Of a picture, in pixels.
LARGEST_SIDE = 2**13
_PARAMETERS = 'textures.json'


@dataclass(frozen=True)
class TexturesSpec:
    """What to render: numbers of images (``defective`` of each of the three kinds) and their side in pixels.

    99 images for the calibration are the fewest from which a false-reject rate of 1 % can be promised.
    """

    train: int = 64
    good: int = 16
    defective: int = 8
    calibration: int = 99
    size: int = 128
    seed: int = 0

    def parameters(self) -> dict:
        """What the files depend on."""
        return dict(asdict(self), renderer=RENDERER_VERSION)

    def parts(self) -> Iterator[tuple[int, str, str | None, int]]:
        """Number, folder, defect and number of images of each part; the first seeds the images."""
        yield 0, f'train/{GOOD}', None, self.train
        yield 1, f'test/{GOOD}', None, self.good
        for number, kind in enumerate(KINDS, 2):
            yield number, f'test/{kind}', kind, self.defective
        yield 2 + len(KINDS), f'calibration/{GOOD}', None, self.calibration


def make_textures(out: str | Path, spec: TexturesSpec | None = None) -> bool:
    """Render a set into ``out``; it is the ``data_root``, its category is :data:`CATEGORY`.

    Returns:
        False if ``out`` already holds this very set, which is then left alone.

    Raises:
        UserError: Impossible parameters, or ``out`` holds anything else.
    """
    spec = spec or TexturesSpec()
    _check_spec(spec)
    return make_set(out, _PARAMETERS, spec.parameters(), partial(_render, spec), partial(_is_whole, spec))


def _check_spec(spec: TexturesSpec) -> None:
    if spec.train < 1 or min(spec.good, spec.defective, spec.calibration, spec.seed) < 0:
        raise UserError('--train must be at least 1, and --good, --defective, --calibration and --seed not negative')
    if spec.size < 64 or spec.size % 32:
        raise UserError(f'--size {spec.size} is not possible: give a multiple of 32 from 64')
    if spec.size > LARGEST_SIDE:
        raise UserError(f'--size {spec.size} is not possible: give {LARGEST_SIDE} at most')


def _files(root: Path, spec: TexturesSpec) -> Iterator[tuple[Path, int, str | None, int]]:
    for number, folder, kind, count in spec.parts():
        for index in range(count):
            yield root / CATEGORY / folder / f'{index:03d}.png', number, kind, index


def _mask_path(path: Path) -> Path:
    """Of an image ``test/<kind>/<stem>.png``."""
    return path.parents[2] / 'ground_truth' / path.parent.name / f'{path.stem}_mask.png'


def _is_whole(spec: TexturesSpec, root: Path) -> bool:
    return all(path.is_file() and (kind is None or _mask_path(path).is_file())
               for path, _, kind, _ in _files(root, spec))


def _render(spec: TexturesSpec, root: Path) -> None:
    for path, number, kind, index in _files(root, spec):
        texture = render_texture((spec.seed, number, index), spec.size, kind)
        _write_image(path, cv2.cvtColor(texture.image, cv2.COLOR_RGB2BGR))
        if kind is not None:
            _write_image(_mask_path(path), texture.mask * np.uint8(255))


def _write_image(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_png(pixels))

"""Masks from the outlines that were drawn with Labelme."""
from __future__ import annotations

import base64
import io
import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from mminspect.core.errors import UserError
from mminspect.core.fileio import replacing
from mminspect.vision.image_files import probe_image
from mminspect.vision.images import IMAGE_EXTENSIONS

_POINTS = dict(polygon=3, rectangle=2, circle=2, mask=2)  # kinds that have an area: least number of points


@dataclass(frozen=True)
class Outline:
    """One drawn shape: its label, kind and points (x, y) in pixels.

    A 'polygon' has its corners, a 'rectangle' two opposite ones, a 'circle' its centre and a point on it, a 'mask' two
    opposite corners and the ``pixels`` (h, w) between them, non-zero inside.
    """

    label: str
    kind: str
    points: tuple[tuple[float, float], ...]
    pixels: np.ndarray | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Drawing:
    """All outlines of one image of ``size`` (width, height); ``skipped`` are the kinds of shapes without an area."""

    size: tuple[int, int]
    outlines: tuple[Outline, ...]
    skipped: tuple[str, ...] = ()

    def mask(self, labels: Sequence[str] | None = None) -> np.ndarray:
        """(H, W) uint8, 255 inside of outlines with one of ``labels`` (None: of all), their border included."""
        image = Image.new('L', self.size)
        draw = ImageDraw.Draw(image)
        for outline in self.outlines:
            if labels is None or outline.label in labels:
                _fill(draw, outline)
        return np.array(image)


def _fill(draw: ImageDraw.ImageDraw, outline: Outline) -> None:
    (x0, y0), (x1, y1) = outline.points[:2]
    if outline.kind == 'mask':
        stencil = Image.fromarray(np.where(outline.pixels, 255, 0).astype(np.uint8))
        draw.bitmap((round(min(x0, x1)), round(min(y0, y1))), stencil, fill=255)
    elif outline.kind == 'polygon':
        draw.polygon(outline.points, fill=255, outline=255)
    elif outline.kind == 'rectangle':
        draw.rectangle((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)), fill=255)
    else:
        radius = math.hypot(x1 - x0, y1 - y0)
        draw.ellipse((x0 - radius, y0 - radius, x0 + radius, y0 + radius), fill=255)


def read_labelme(path: Path) -> Drawing:
    """Read one JSON file of Labelme; shapes without an area (points, lines) or of an unknown kind are left out.

    Raises:
        UserError: It is no such file, or has a shape that is incomplete.
    """
    try:
        data = json.loads(path.read_text(encoding='utf-8'))
        size = int(data['imageWidth']), int(data['imageHeight'])
        shapes = [(shape.get('shape_type') or 'polygon', shape) for shape in data['shapes']]
        outlines = tuple(_outline(kind, shape) for kind, shape in shapes if kind in _POINTS)
    except UserError as error:
        raise UserError(f"'{path}': {error}") from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(f"'{path}' is not a complete JSON file of Labelme ({type(error).__name__}: {error}): save it "
                        'again in Labelme, or remove it') from error
    if min(size) < 1:
        raise UserError(f"'{path}' has an image of {size[0]}x{size[1]} pixels: save it again in Labelme")
    return Drawing(size, outlines, tuple(str(kind) for kind, _ in shapes if kind not in _POINTS))


def _outline(kind: str, shape: dict) -> Outline:
    points = tuple((float(x), float(y)) for x, y in shape['points'])
    if len(points) < _POINTS[kind]:
        raise UserError(f"the {kind} {shape['label']!r} has {len(points)} points instead of at least {_POINTS[kind]}: "
                        'draw it again')
    if not all(math.isfinite(value) for point in points for value in point):
        raise UserError(f"the {kind} {shape['label']!r} has points that are no numbers: draw it again")
    pixels = _decoded(shape['mask']) if kind == 'mask' else None
    return Outline(str(shape['label']), kind, points, pixels)


def _decoded(png: str) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(base64.b64decode(png))).convert('L'))


def convert(source: str | Path, out: str | Path, labels: Sequence[str] | None = None,
            suffix: str = '_mask') -> list[str]:
    """Write one mask for each JSON file in ``source`` and its folders: ``<out>/<folder>/<stem><suffix>.png``.

    Nothing is written before all files have been read.

    Args:
        source: For example ``test``, with a folder for each kind of defect.
        out: For example ``ground_truth``.
        labels: Only shapes of these; all by default.
        suffix: Behind the stem.

    Returns:
        Lines that tell what was written, and for each file what was left out of it.

    Raises:
        UserError: No JSON file, a damaged one (see :func:`read_labelme`), one of another size than the image beside it,
            or a label that no shape has; or ``out`` is a file or ``source`` itself.
    """
    source = Path(source)
    _check_out(source, Path(out))
    paths = sorted(path for path in source.rglob('*.json') if not path.name.startswith('.'))
    if not paths:
        raise UserError(f"there is no JSON file in '{source}': give the folder in which Labelme saved")
    drawings = {path: read_labelme(path) for path in paths}
    for path, drawing in drawings.items():
        _check_size(path, drawing)
    known = sorted({outline.label for drawing in drawings.values() for outline in drawing.outlines})
    if unknown := [label for label in labels or () if label not in known]:
        raise UserError(f"no shape in '{source}' has the label {unknown[0]!r}: there are {', '.join(known) or 'none'}")
    empty = 0
    for path, drawing in drawings.items():
        mask = drawing.mask(labels)
        empty += not mask.any()
        _write_png(Path(out) / path.relative_to(source).with_name(f'{path.stem}{suffix}.png'), mask)
    return [f"{len(drawings)} masks of {', '.join(labels or known) or 'no label'}",
            *([f'{empty} of them are empty, because their files have no such shape'] if empty else []),
            *(_left_out(path, drawing.skipped) for path, drawing in drawings.items() if drawing.skipped)]


def _check_out(source: Path, out: Path) -> None:
    """Masks among the images would be taken for images."""
    if out.exists() and not out.is_dir():
        raise UserError(f"--out '{out}' is a file: name a folder for the masks")
    if out.resolve() == source.resolve():
        raise UserError(f"--out is the folder '{source}' of the images itself, where masks would be taken for images: "
                        'name another, such as ground_truth')


def _check_size(path: Path, drawing: Drawing) -> None:
    """A drawing belongs to the image of its name, if that lies beside it."""
    for image in (path.with_suffix(extension) for extension in IMAGE_EXTENSIONS):
        size = probe_image(str(image)).size if image.is_file() else drawing.size
        if size not in (drawing.size, (0, 0)):  # (0, 0): damaged, which the check of the data set tells
            raise UserError(f"'{path}' was drawn on {drawing.size[0]}x{drawing.size[1]} pixels, but '{image}' has "
                            f'{size[0]}x{size[1]}: draw it again on this image')


def _left_out(path: Path, kinds: Sequence[str]) -> str:
    counted = ', '.join(f'{count} {kind}' for kind, count in sorted(Counter(kinds).items()))
    return f"warning: left out of the mask of '{path}', because such shapes have no area: {counted}"


def _write_png(path: Path, mask: np.ndarray) -> None:
    data = io.BytesIO()
    Image.fromarray(mask).save(data, 'PNG')
    with replacing(path) as file:
        file.write(data.getvalue())

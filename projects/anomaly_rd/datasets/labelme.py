"""Masks from the outlines that were drawn with Labelme."""
from __future__ import annotations

import base64
import glob
import io
import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from mminspect.core.errors import UserError
from mminspect.core.fileio import replacing
from mminspect.core.text_files import read_json
from mminspect.vision.decoding import DAMAGED, MAXIMUM_PIXELS
from mminspect.vision.folders import OTHERS, list_tree
from mminspect.vision.image_files import probe_image
from mminspect.vision.images import IMAGE_EXTENSIONS
from mminspect.vision.png import check_length, check_parts

#: Kinds that have an area: least number of points.
_POINTS = dict(polygon=3, rectangle=2, circle=2, mask=2)
#: Kinds that have none.
_NO_AREA = ('point', 'points', 'line', 'linestrip')
#: Words in the names of kinds of other tools that have none, whatever their number of points.
_OPEN = ('arc', 'curve', 'line', 'path', 'point', 'skeleton', 'stroke')
#: No side of an image has so many pixels.
_LONGEST = 2**31
#: Pixels that points may lie over the border without a word.
_BORDER = 1.0
#: Pixels that a painted mask may be larger or smaller than its corners: some count their ends, some round.
_ROUNDING = 1.5
#: What rectangles that may be turned have, whatever an annotation tool calls their kind.
_CORNERS = 4


@dataclass(frozen=True)
class Outline:
    """One drawn shape: its label, kind and points (x, y) in pixels.

    A 'polygon' has its corners, as a rectangle of four corners has them, a 'rectangle' two opposite ones, a 'circle'
    its centre and a point on it, a 'mask' two opposite corners and the ``pixels`` (h, w) between them, non-zero inside.
    """

    label: str
    kind: str
    points: tuple[tuple[float, float], ...]
    pixels: np.ndarray | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Drawing:
    """All outlines of one image of ``size`` (width, height); ``skipped`` are the kinds of shapes without an area,
    ``unknown`` kinds that mean nothing here, and ``image`` is the name of the image, if the file says it.
    """

    size: tuple[int, int]
    outlines: tuple[Outline, ...]
    skipped: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    image: str | None = None

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
    """Read one JSON file of Labelme, or of a tool that writes its format.

    A rectangle has two opposite corners or four. Kinds of other names with four points, as rotated rectangles have
    them, are polygons, unless they are called as lines or points are.

    Shapes without an area (points, lines) or of an unknown kind are left out.

    Raises:
        UserError: It is no such file, or has a shape that is incomplete.
    """
    data = read_json(path, 'file of Labelme')
    incomplete = f"'{path}' is not a complete JSON file of Labelme"
    if not isinstance(data, dict) or not isinstance(data.get('shapes'), list):
        raise UserError(f"{incomplete}, it has no list 'shapes': save it again in Labelme, or remove it")
    size = _whole(data, 'imageWidth', incomplete), _whole(data, 'imageHeight', incomplete)
    if min(size) < 1 or size[0] * size[1] > MAXIMUM_PIXELS:
        raise UserError(f"'{path}' has an image of {size[0]}x{size[1]} pixels: save it again in Labelme")
    outlines, skipped, unknown = [], [], []
    for number, shape in enumerate(data['shapes'], 1):
        try:
            kind, points = _kind_and_points(shape)
            if kind in _POINTS:
                outlines.append(_outline(kind, points, shape, size))
            else:
                (skipped if kind in _NO_AREA else unknown).append(kind)
        except UserError as error:
            raise UserError(f"'{path}': {error}") from error
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
            raise UserError(f'{incomplete}, shape {number} is damaged ({type(error).__name__}: {error}): draw it again '
                            'in Labelme, or remove it') from error
    _refuse_shares(path, outlines)
    name = data.get('imagePath')
    return Drawing(size, tuple(outlines), tuple(skipped), tuple(unknown), name if isinstance(name, str) else None)


def _refuse_shares(path: Path, outlines: Sequence[Outline]) -> None:
    """Raise UserError if all points lie between 0 and 1, as shares of the image's sides do, and not all are whole."""
    values = [value for outline in outlines for point in outline.points for value in point]
    if values and all(0 <= value <= 1 for value in values) and any(value != int(value) for value in values):
        raise UserError(f"'{path}': all points of its {len(outlines)} shapes lie between 0 and 1 (first: "
                        f"{values[0]:g}, {values[1]:g}), as shares of the image's sides do: multiply them by its width "
                        'and height in pixels')


def _whole(data: Mapping[str, Any], key: str, incomplete: str) -> int:
    """A number of pixels."""
    value = data.get(key)
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, Real) or not abs(value) < _LONGEST or value != int(value):
        shown = 'missing' if value is None else f'{str(value)[:40]!r}'
        raise UserError(f'{incomplete}, its {key} is {shown}: save it again in Labelme, or remove it')
    return int(value)


def _kind_and_points(shape: Mapping[str, Any]) -> tuple[str, tuple[tuple[float, float], ...]]:
    """What a shape is here, and its points; its own kind where that is unknown."""
    kind = shape.get('shape_type')
    if kind is not None and not isinstance(kind, str):
        raise TypeError(f'shape_type is {str(kind)[:40]}')
    kind = kind or 'polygon'  # what old files do not say
    if kind in _NO_AREA or (kind not in _POINTS and (_is_open(kind) or not _has_corners(shape))):
        return kind, ()
    points = tuple((float(x), float(y)) for x, y in shape['points'])
    if kind == 'rectangle' and len(points) == 3:
        raise UserError(f"the rectangle {shape['label']!r} has 3 points instead of 2 or 4: draw it again")
    if kind not in _POINTS or (kind == 'rectangle' and len(points) > 2):
        return 'polygon', _around(points)
    return kind, points


def _is_open(kind: str) -> bool:
    """Whether a kind is one of lines or points by its name: 'polyline', 'keypoints'."""
    return any(word in kind.casefold() for word in _OPEN)


def _has_corners(shape: Mapping[str, Any]) -> bool:
    points = shape.get('points')
    return isinstance(points, list) and len(points) == _CORNERS


def _around(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Corners of a convex outline in the order in which they lie around its centre."""
    x, y = (sum(point[axis] for point in points) / len(points) for axis in (0, 1))
    return tuple(sorted(points, key=lambda point: math.atan2(point[1] - y, point[0] - x)))


def _outline(kind: str, points: Sequence[tuple[float, float]], shape: Mapping[str, Any],
             size: tuple[int, int]) -> Outline:
    label = _label(shape)
    if len(points) < _POINTS[kind]:
        raise UserError(f"the {kind} {label!r} has {len(points)} points instead of at least {_POINTS[kind]}: "
                        'draw it again')
    if not all(math.isfinite(value) for point in points for value in point):
        raise UserError(f"the {kind} {label!r} has points that are no numbers: draw it again")
    far = next((point for point in points if not all(-side <= value <= 2 * side + 1
                                                     for value, side in zip(point, size, strict=True))), None)
    if far:
        raise UserError(f"the {kind} {label!r} has a point at {far[0]:g}, {far[1]:g}, far outside of its "
                        f'image of {size[0]}x{size[1]} pixels: draw it again')
    pixels = _decoded(shape['mask'], label) if kind == 'mask' else None
    if pixels is not None:
        _check_stencil(pixels.shape, points, label)
    return Outline(label, kind, tuple(points), pixels)


def _check_stencil(shape: tuple[int, int], points: Sequence[tuple[float, float]], label: str) -> None:
    """Raise UserError if a painted mask (h, w) is not as large as the rectangle between its corners, ends included."""
    (x0, y0), (x1, y1) = points[:2]
    width, height = abs(x1 - x0) + 1, abs(y1 - y0) + 1
    if abs(shape[1] - width) > _ROUNDING or abs(shape[0] - height) > _ROUNDING:
        raise UserError(f'the painted mask {label!r} has {shape[1]}x{shape[0]} pixels, but there are '
                        f'{width:g}x{height:g} between its corners, so that nobody knows where it lies: paint it again')


def _label(shape: Mapping[str, Any]) -> str:
    """A text; some programs write a whole number."""
    label = shape['label']
    if isinstance(label, bool) or not isinstance(label, str | int):
        raise TypeError(f'label is {str(label)[:40]}')
    return str(label)


def _decoded(png: str, label: str) -> np.ndarray:
    if not isinstance(png, str):
        raise TypeError('mask is no text')
    try:
        data = base64.b64decode(png)
        check_parts(data)
        check_length(data)
        with Image.open(io.BytesIO(data), formats=['PNG']) as image:
            return _painted(image)
    except (*DAMAGED, Image.DecompressionBombError) as error:
        raise UserError(f'the painted mask {label!r} is no PNG in base64 ({type(error).__name__}): paint it again'
                        ) from error


def _painted(image: Image.Image) -> np.ndarray:
    """(h, w) uint8, non-zero where something is painted: where alpha says so, if it differs within the picture."""
    if image.has_transparency_data:
        alpha = np.array(image.convert('RGBA'))[..., 3]
        if alpha.size and alpha.min() < alpha.max():
            return alpha
    return np.array(image.convert('L'))


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
        Lines that tell what was written, which files were left out, and for each file what was left out of it.

    Raises:
        UserError: No JSON file, a damaged one (see :func:`read_labelme`), one of another size than the image beside it,
            two of one mask (``a.json`` and ``a.JSON``), or a label that no shape has; or ``out`` is a file or
            ``source`` itself.
    """
    source = Path(source)
    _check_out(source, Path(out))
    found = list_tree(source, ('.json', ), masks=True)
    paths = found.images
    found.left.pop(OTHERS, None)  # the images
    if not paths:
        raise UserError(f"there is no JSON file in '{source}': give the folder in which Labelme saved")
    targets = {path: Path(out) / path.relative_to(source).with_name(f'{path.stem}{suffix}.png') for path in paths}
    _refuse_shared(targets)
    drawings = {path: read_labelme(path) for path in paths}
    for path, drawing in drawings.items():
        _check_size(path, drawing)
    known = sorted({outline.label for drawing in drawings.values() for outline in drawing.outlines})
    if unknown := [label for label in labels or () if label not in known]:
        raise UserError(f"no shape in '{source}' has the label {unknown[0]!r}: there are {', '.join(known) or 'none'}")
    empty, outside, lines = 0, 0, []
    painted = any(outline.kind == 'mask' for drawing in drawings.values() for outline in drawing.outlines)
    for path, drawing in drawings.items():
        mask = drawing.mask(labels)
        if not mask.any():
            drawn = any(labels is None or outline.label in labels for outline in drawing.outlines)
            empty, outside = empty + (not drawn), outside + drawn
        lines += [*_left_out(path, drawing), *(_cut_off(path, drawing) if mask.any() else [])]
        _write_png(targets[path], mask)
    return [f"{len(drawings)} masks of {', '.join(labels or known) or 'no label'}",
            *([f'{empty} of them are empty, because their files have no such shape'] if empty else []),
            *([f'{outside} of them are empty, because their shapes lie outside of the image'
                 + ', or nothing is painted in them' * painted] if outside else []),
            *([f'warning: {told}'] if (told := found.told('JSON file')) else []),
            *lines]


def _check_out(source: Path, out: Path) -> None:
    """Masks among the images would be taken for images."""
    if out.exists() and not out.is_dir():
        raise UserError(f"--out '{out}' is a file: name a folder for the masks")
    if out.resolve() == source.resolve():
        raise UserError(f"--out is the folder '{source}' of the images itself, where masks would be taken for images: "
                        'name another, such as ground_truth')


def _refuse_shared(targets: Mapping[Path, Path]) -> None:
    """Raise UserError if two files would write one mask."""
    known: dict[Path, Path] = {}
    for path, target in targets.items():
        if target in known:
            raise UserError(f"'{known[target]}' and '{path}' would both write '{target}': remove one of them, or "
                            'rename it as its image is called')
        known[target] = path


def _check_size(path: Path, drawing: Drawing) -> None:
    """A drawing belongs to the image of its name, if that lies beside it, else to the one that it names."""
    for image in _images_of(path, drawing):
        size = probe_image(image).size
        if size not in (drawing.size, (0, 0)):  # (0, 0): damaged, which the check of the data set tells
            raise UserError(f"'{path}' was drawn on {drawing.size[0]}x{drawing.size[1]} pixels, but '{image}' has "
                            f'{size[0]}x{size[1]}: draw it again on this image')


def _images_of(path: Path, drawing: Drawing) -> list[Path]:
    suffixes = [*IMAGE_EXTENSIONS, *map(str.upper, IMAGE_EXTENSIONS)]
    beside = [image for image in map(path.with_suffix, suffixes) if image.is_file()]
    if not beside:  # a suffix of small and capital letters
        beside = [image for image in path.parent.glob(f'{glob.escape(path.stem)}.*')
                  if image.suffix.lower() in IMAGE_EXTENSIONS and image.is_file()]
    if not beside and drawing.image and '\0' not in drawing.image:
        named = path.parent / drawing.image.replace('\\', '/')
        beside = [named] if named.suffix.lower() in IMAGE_EXTENSIONS and os.path.isfile(named) else []
    return beside


def _left_out(path: Path, drawing: Drawing) -> list[str]:
    lines = []
    for kinds, reason in ((drawing.skipped, 'because such shapes have no area'),
                          (drawing.unknown, 'because such kinds of shapes are unknown (draw them as polygons)')):
        counted = ', '.join(f'{count} {kind[:40]}' for kind, count in sorted(Counter(kinds).items()))
        lines += [f"warning: left out of the mask of '{path}', {reason}: {counted}"] if kinds else []
    return lines


def _cut_off(path: Path, drawing: Drawing) -> list[str]:
    over = [outline.label for outline in drawing.outlines if any(
        not -_BORDER <= value <= side + _BORDER for point in outline.points
        for value, side in zip(point, drawing.size, strict=True))]
    if not over:
        return []
    return [f"warning: {len(over)} shapes of '{path}' reach over the border of its image, where they are cut off "
            f"(first: {', '.join(over[:3])}): look whether they were drawn on it"]


def _write_png(path: Path, mask: np.ndarray) -> None:
    data = io.BytesIO()
    Image.fromarray(mask).save(data, 'PNG')
    with replacing(path) as file:
        file.write(data.getvalue())

"""Lines of YOLO's text files: boxes, polygons, and boxes with keypoints, which look like polygons."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mminspect.core.errors import UserError

from .records import BoxRecord
from .xml_files import finite

#: Shares may be this far outside of 0..1: tools round. More are pixels, or a mistake.
TOLERANCE = 0.01
#: Numbers of a box behind the class.
_BOX = 4
#: So many lines, and more, are evidence; fewer polygons may look like boxes with keypoints by chance.
_ENOUGH = 5
#: What a keypoint's third number says: not labelled, hidden, visible.
_VISIBILITIES = (0, 1, 2)


class LineReader:
    """Reads lines and remembers those that it took for polygons, to tell keypoints from them at the end.

    Args:
        names: Of the classes.
        keypoints: How many numbers of keypoints stand behind each box, as ``kpt_shape`` tells; 0 for none.
        declared: The number of classes as ``nc`` tells it; None where nothing does.
    """

    def __init__(self, names: Sequence[str], keypoints: int = 0, declared: Any = None) -> None:
        self.names, self.keypoints, self.declared = names, keypoints, declared
        self.polygons: list[tuple[str, list[float]]] = []

    def read(self, lines: Sequence[str], file: object, size: tuple[int, int]) -> list[BoxRecord]:
        """The objects of one text file; empty lines are none. Raises as :func:`parse_line`."""
        return [self._parsed(line, f"line {number} of '{file}'", size)
                for number, line in enumerate(lines, 1) if line.strip()]

    def _parsed(self, line: str, place: str, size: tuple[int, int]) -> BoxRecord:
        box = parse_line(line, place, self.names, size, self.keypoints)
        values = line.split()[1:]
        if len(values) != _BOX and not self.keypoints:
            self.polygons.append((place, list(map(float, values))))
        return box

    def warnings(self) -> list[str]:
        """A sentence where the polygons may be boxes with keypoints; UserError where they can be nothing else.

        Lines of poses have one count of numbers, and their first four are a box inside of the image. They cannot
        be polygons if every third number behind the box is 0, 1 or 2, or if most of them cross themselves or have a
        second point, the sides of the box, far away from all others.
        """
        lengths = {len(values) for _, values in self.polygons}
        if len(lengths) != 1 or len(self.polygons) < _ENOUGH or not all(_is_box(values) for _, values in self.polygons):
            return []
        count, (place, values) = len(self.polygons), self.polygons[0]
        numbers, pairs = len(values) - _BOX, len(values) // 2
        visible = all(_has_visibility(values) for _, values in self.polygons)
        odd = sum(_is_no_outline(values) for _, values in self.polygons)
        told = f'{count} lines have a box inside of the image and {numbers} numbers behind it (first: {place}), as ' \
               'labels of poses have'
        shape = _shape_entry(numbers, 3 if visible else 2)
        if visible or odd > count / 2:
            why = 'every third one is 0, 1 or 2' if visible else f'{odd} of them are no outlines of {pairs} points'
            raise UserError(f"{told}, and {why}: add {shape} to data.yaml, or take the numbers behind the boxes out")
        return [f'{told}; they are taken for polygons of {pairs} points, so if they are boxes with keypoints, add '
                f'{shape} to data.yaml']


def keypoint_numbers(content: Mapping[str, Any], path: str) -> int:
    """How many numbers of keypoints stand behind each box by ``kpt_shape`` of a ``data.yaml``; 0 without it.

    Raises:
        UserError: It is not [number of keypoints, 2 or 3].
    """
    shape = content.get('kpt_shape')
    if shape is None:
        return 0
    whole = isinstance(shape, list) and len(shape) == 2 and all(type(number) is int for number in shape)
    if not whole or not 1 <= shape[0] < 10**6 or shape[1] not in (2, 3):
        raise UserError(f"kpt_shape of '{path}' is {str(shape)[:40]!r}: it must be [number of keypoints, 2 or 3]")
    return shape[0] * shape[1]


def parse_line(line: str, place: str, names: Sequence[str], size: tuple[int, int], keypoints: int = 0) -> BoxRecord:
    """One object.

    Args:
        line: ``class x y width height`` or ``class x1 y1 x2 y2 x3 y3 ...``, in shares of the sides.
        place: Of the line, for messages.
        names: Of the classes.
        size: (width, height) of the image in pixels.
        keypoints: How many numbers of keypoints stand behind the box; with them no line is a polygon.

    Raises:
        UserError: It is neither, the class has no name, or a number is not a share.
    """
    fields = line.split()
    number, *values = map(finite, fields)
    if number is None or None in values:
        raise UserError(f'{place} is {line.strip()[:120]!r}: it must hold numbers, class x y width height')
    if keypoints and len(values) == _BOX + keypoints:
        values = values[:_BOX]
    _check_count(values, place, keypoints)
    if number != int(number) or not 0 <= number < len(names):
        raise UserError(f'{place} has the class {fields[0]}, but there are names for the classes 0..{len(names) - 1}: '
                        'add the name or correct the line')
    if any(not -TOLERANCE <= value <= 1 + TOLERANCE for value in values):
        hint = (f', or, if these are boxes with keypoints, add {_shape_entry(len(values) - _BOX, 3)} to data.yaml'
                if _has_visibility(values) else '')
        raise UserError(f'{place} is {line.strip()[:120]!r}: numbers behind the class must be shares of the image, '
                        f'0..1, so divide pixels by its width and height{hint}')
    return BoxRecord(place, names[int(number)], _xywh(values, size))


def _check_count(values: Sequence[float], place: str, keypoints: int) -> None:
    count = len(values) + 1
    if keypoints and len(values) != _BOX:
        raise UserError(f'{place} has {count} numbers, but by kpt_shape there are {_BOX + 1 + keypoints} with the '
                        'class and the box: correct the line or kpt_shape')
    if len(values) == _BOX + 1:
        raise UserError(f'{place} has 6 numbers, as predictions with a confidence have: leave the last one out')
    if len(values) != _BOX and (len(values) < 6 or len(values) % 2):
        hint = (f' (if these are boxes with keypoints, add {_shape_entry(len(values) - _BOX, 3)} to data.yaml)'
                if _has_visibility(values) else '')
        raise UserError(f'{place} has {count} numbers: 5 are needed (class x y width height), or a class and at '
                        f'least three points{hint}')


def _xywh(values: Sequence[float], size: tuple[int, int]) -> tuple[float, float, float, float]:
    width, height = size
    if len(values) == _BOX:
        x, y, w, h = values
        return (x - w / 2) * width, (y - h / 2) * height, w * width, h * height
    xs, ys = values[::2], values[1::2]
    return min(xs) * width, min(ys) * height, (max(xs) - min(xs)) * width, (max(ys) - min(ys)) * height


def _shape_entry(numbers: int, each: int) -> str:
    return f'kpt_shape: [{numbers // each}, {each}]'


def _is_box(values: Sequence[float]) -> bool:
    """Whether the first four numbers are a box inside of the image."""
    x, y, w, h = values[:_BOX]
    return w > 0 and h > 0 and all(side / 2 - TOLERANCE <= centre <= 1 - side / 2 + TOLERANCE
                                   for centre, side in ((x, w), (y, h)))


def _has_visibility(values: Sequence[float]) -> bool:
    """Whether the numbers behind a box come in threes of which the last says what is seen of a keypoint."""
    behind = values[_BOX:]
    return len(behind) >= 3 and len(behind) % 3 == 0 and all(value in _VISIBILITIES for value in behind[2::3])


def _is_no_outline(values: Sequence[float]) -> bool:
    """Whether points cross each other's lines, or the second lies farther from all others than these lie apart."""
    points = list(zip(values[::2], values[1::2], strict=True))
    second, others = points[1], [points[0], *points[2:]]
    gaps = spans = 0.0
    for at, along in zip(second, zip(*others, strict=True), strict=True):
        gaps += max(min(along) - at, 0.0, at - max(along)) ** 2
        spans += (max(along) - min(along)) ** 2
    return gaps > spans or _crosses_itself(points)


def _crosses_itself(points: Sequence[tuple[float, float]]) -> bool:
    """Whether two sides of a closed outline that are no neighbours cross."""
    sides = list(zip(points, [*points[1:], points[0]], strict=True))
    count = len(sides)
    return any(_cross(sides[one], sides[other]) for one in range(count) for other in range(one + 2, count)
               if (one, other) != (0, count - 1))


def _cross(one: Sequence[tuple[float, float]], other: Sequence[tuple[float, float]]) -> bool:
    """Whether the ends of each lie on opposite sides of the other."""
    return all(_turn(a, b, c) * _turn(a, b, d) < 0 for (a, b), (c, d) in ((one, other), (other, one)))


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

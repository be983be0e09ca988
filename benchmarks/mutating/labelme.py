"""Labelme: one JSON file beside its picture becomes a mask."""
from __future__ import annotations

import base64
import io
import json
import math
import random
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from .boxes import strict_number
from .case import Answer, Kind, Mutant, Operators, Verdict
from .damage import DAMAGES

LABELME = Operators()
RIGHT, WRONG, EITHER = Verdict.RIGHT, Verdict.WRONG, Verdict.EITHER
SIZE = (80, 60)
#: Kinds of shapes with an area, and the number of their points.
AREAS = dict(polygon=range(3, 10_000), rectangle=(2, 4), circle=(2, ), rotation=(4, ), mask=(2, ))
#: Decoders differ along a border: pixels that may differ, as a share of the border's, and at least.
BORDER_SHARE, LEAST = 1.2, 10


class Drawing:
    """What is in the file; ``data`` are bytes in its place."""

    def __init__(self, chance: random.Random, folder: Path) -> None:
        self.folder, self.data, self.suffix = folder, None, '.png'
        self.shapes = [random_shape(chance) for _ in range(chance.randint(1, 3))]
        self.content: dict[str, Any] = dict(version='5.4.1', flags={}, shapes=self.shapes, imagePath='a.png',
                                            imageData=None, imageHeight=SIZE[1], imageWidth=SIZE[0])

    def encoded(self) -> bytes:
        """The file."""
        return json.dumps(self.content, ensure_ascii=False).encode('utf-8', 'surrogatepass')


def random_shape(chance: random.Random) -> dict[str, Any]:
    """Of a kind with an area, inside of the picture."""
    x, y, width, height = chance.randint(3, 35), chance.randint(3, 25), chance.randint(8, 35), chance.randint(8, 25)
    kind = chance.choice(['polygon', 'rectangle', 'circle', 'mask'])
    shape = dict(label=chance.choice(['scratch', '划痕']), shape_type=kind, flags={}, group_id=None,
                 points=[[x, y], [x + width, y + height]])
    if kind == 'polygon':
        shape['points'] = [[x, y], [x + width, y + chance.randint(0, 4)], [x + width // 2, y + height]]
    if kind == 'circle':
        radius = min(width, height) // 4
        shape['points'] = [[x + 15, y + 12], [x + 15 + radius, y + 12]]
    if kind == 'mask':
        pixels = np.zeros((height + 1, width + 1), np.uint8)
        pixels[2:, 3:] = 255
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, 'PNG')
        shape['mask'] = base64.b64encode(file.getvalue()).decode()
    return shape


def rasterised(shapes: list[dict[str, Any]], size: tuple[int, int]) -> np.ndarray:
    """(H, W) bool by OpenCV; the border is inside."""
    mask = np.zeros((size[1], size[0]), np.uint8)
    for shape in shapes:
        points = np.array(shape['points'], np.float64)
        kind = shape.get('shape_type') or 'polygon'
        if kind == 'mask':
            stencil = cv2.imdecode(np.frombuffer(base64.b64decode(shape['mask']), np.uint8), cv2.IMREAD_GRAYSCALE)
            x, y = np.rint(points.min(axis=0)).astype(int)
            part = mask[y:y + stencil.shape[0], x:x + stencil.shape[1]]
            part[stencil[:part.shape[0], :part.shape[1]] > 0] = 255
            continue
        if kind == 'circle':
            radius, angles = math.dist(*points), np.linspace(0, 2 * math.pi, 360)
            points = points[0] + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        elif kind == 'rectangle' and len(points) == 2:
            (x0, y0), (x1, y1) = points
            points = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
        cv2.fillPoly(mask, [np.rint(points).astype(np.int32)], 255)
    return mask > 0


def strict_labelme(data: dict[str, Any]) -> np.ndarray:
    """The mask; raises one of many where something is wrong."""
    if (data['imageWidth'], data['imageHeight']) != SIZE or not isinstance(data['shapes'], list):
        raise ValueError
    for shape in data['shapes']:
        points = [[strict_number(value) for value in point] for point in shape['points']]
        kind = shape.get('shape_type') or 'polygon'
        inside = all(len(point) == 2 and math.isfinite(point[0]) and math.isfinite(point[1])
                     and -1 <= point[0] <= SIZE[0] + 1 and -1 <= point[1] <= SIZE[1] + 1 for point in points)
        if not inside or len(points) not in AREAS[kind] or not isinstance(shape['label'], str):
            raise ValueError
    return rasterised(data['shapes'], SIZE)


class LabelmeKind(Kind):
    """Through the conversion to masks."""

    name = 'labelme'

    def prepare(self) -> None:
        """See :meth:`Kind.prepare`."""
        from anomaly_rd.datasets import labelme
        self._convert = labelme.convert

    def make(self, chance: random.Random, folder: Path) -> Mutant:
        """See :meth:`Kind.make`."""
        drawing = Drawing(chance, folder)
        (folder / 'drawn').mkdir()
        if chance.random() < 0.3:
            mutant = self._damaged(chance, drawing)
        else:
            name = chance.choice(list(LABELME))
            verdict = LABELME.apply(name, chance, drawing)
            wrong = verdict is WRONG
            mutant = Mutant(name, verdict, None if wrong else rasterised(drawing.content['shapes'], SIZE))
        (folder / 'drawn' / 'a.json').write_bytes(drawing.encoded() if drawing.data is None else drawing.data)
        Image.new('RGB', SIZE, (90, 90, 90)).save(folder / 'drawn' / f'a{drawing.suffix}')
        return mutant

    def _damaged(self, chance: random.Random, drawing: Drawing) -> Mutant:
        name = chance.choice(list(DAMAGES))
        drawing.data = DAMAGES[name](chance, drawing.encoded())
        try:
            found = strict_labelme(json.loads(drawing.data.decode('utf-8-sig'), parse_constant=_refuse))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError, cv2.error):
            return Mutant(f'bytes: {name}', WRONG)
        return Mutant(f'bytes: {name}', EITHER, found)

    def attempt(self, folder: Path) -> Answer:
        """The mask of the file; what is said beside the first line are warnings."""
        lines = self._convert(folder / 'drawn', folder / 'masks')
        with Image.open(folder / 'masks' / 'a_mask.png') as mask:
            return Answer(np.array(mask) > 0, tuple(lines[1:]))

    def equal(self, expected: np.ndarray, found: np.ndarray) -> bool:
        """But for the border, along which rounding differs."""
        border = cv2.morphologyEx(expected.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).sum() / 2
        return expected.shape == found.shape and (expected ^ found).sum() <= max(LEAST, BORDER_SHARE * border)


def _refuse(word: str) -> None:
    raise ValueError(f'{word} is no JSON')


@LABELME.add(RIGHT)
def unchanged(chance: random.Random, drawing: Drawing) -> None:
    """A control: what is right has to be read."""


@LABELME.add(WRONG)
def point_that_is_none(chance: random.Random, drawing: Drawing) -> None:
    points = chance.choice(drawing.shapes)['points']
    points[0] = chance.choice([[float('nan'), 3], [1, float('inf')], ['x', 2], [1], [1, 2, 3], None, [], [None, 1],
                               [10**400, 1], {'x': 1, 'y': 2}, [True, [1]]])


@LABELME.add(WRONG)
def too_few_points(chance: random.Random, drawing: Drawing) -> None:
    shape = chance.choice(drawing.shapes)
    shape['points'] = shape['points'][:1 if shape['shape_type'] != 'polygon' else chance.randint(0, 2)]


@LABELME.add(WRONG)
def outside(chance: random.Random, drawing: Drawing) -> None:
    shape = chance.choice(drawing.shapes)
    away = chance.choice([500, -500, 10**9, 10**15])
    shape['points'] = [[x + away, y] for x, y in shape['points']]


@LABELME.add(WRONG)
def another_size(chance: random.Random, drawing: Drawing) -> None:
    if chance.random() < 0.4:
        drawing.content.update(imageWidth=SIZE[1], imageHeight=SIZE[0])
    else:
        key = chance.choice(['imageWidth', 'imageHeight'])
        drawing.content[key] = chance.choice([None, 0, -5, 'x', 4000, 10**7, 10**400, float('nan'), [], True])
    drawing.suffix = chance.choice(['.png', '.PNG', '.jpg', '.JPG', '.bmp'])


@LABELME.add(WRONG)
def unknown_kind(chance: random.Random, drawing: Drawing) -> None:
    chance.choice(drawing.shapes)['shape_type'] = chance.choice(['hexagon', 'point', 'line', 'linestrip', 3, {},
                                                                 ['polygon'], 'cuboid'])


@LABELME.add(WRONG)
def entry_missing(chance: random.Random, drawing: Drawing) -> None:
    shape = chance.choice(drawing.shapes)
    where, key = chance.choice([(shape, 'points'), (shape, 'label'), (drawing.content, 'shapes'),
                                (drawing.content, 'imageWidth'), (drawing.content, 'imageHeight')])
    if chance.random() < 0.5:
        del where[key]
    else:
        where[key] = chance.choice([None, 3, {'a': 1}] if key != 'label' else [None, ['a'], {}])


@LABELME.add(WRONG)
def damaged_stencil(chance: random.Random, drawing: Drawing) -> None:
    drawing.shapes.append(dict(label='scratch', shape_type='mask', points=[[3, 3], [20, 20]], mask=chance.choice(
        [None, '', 'x', '====', base64.b64encode(b'\x89PNG\r\n\x1a\n').decode(), 7, 'ä'])))


@LABELME.add(WRONG)
def file_of_another_kind(chance: random.Random, drawing: Drawing) -> None:
    drawing.data = chance.choice([b'', b'null', b'[]', b'\0' * 100, b'[' * 100_000, b'{}', b'3', b'"x"', b'<xml/>',
                                  b'{"shapes": []}'])


@LABELME.add(RIGHT)
def four_corners(chance: random.Random, drawing: Drawing) -> None:
    x, y, width, height = chance.randint(3, 30), chance.randint(3, 20), chance.randint(10, 40), chance.randint(8, 30)
    kind = chance.choice(['rectangle', 'rotation', 'polygon'])
    points = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
    drawing.shapes[:] = [dict(label='scratch', shape_type=kind, points=points)]


@LABELME.add(RIGHT)
def corners_the_other_way_round(chance: random.Random, drawing: Drawing) -> None:
    drawing.shapes[:] = [dict(label='scratch', shape_type='rectangle', points=[[50, 40], [10, 20]])]


@LABELME.add(RIGHT)
def another_form(chance: random.Random, drawing: Drawing) -> None:
    text = json.dumps(drawing.content, ensure_ascii=chance.random() < 0.5, indent=chance.choice([None, 2]))
    drawing.data = chance.choice([b'', b'\xef\xbb\xbf']) + text.replace('\n', '\r\n').encode()
    drawing.suffix = chance.choice(['.png', '.PNG', '.jpg', '.JPG', '.bmp'])


@LABELME.add(EITHER)
def another_encoding(chance: random.Random, drawing: Drawing) -> None:
    text = json.dumps(drawing.content, ensure_ascii=False)
    drawing.data = text.encode(chance.choice(['gbk', 'utf-16', 'utf-16-le']))


@LABELME.add(RIGHT)
def kind_is_not_said(chance: random.Random, drawing: Drawing) -> None:
    shape = random_shape(chance)
    while shape['shape_type'] != 'polygon':
        shape = random_shape(chance)
    shape['shape_type'] = None
    drawing.shapes[:] = [shape]

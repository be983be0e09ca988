""""CVAT for images 1.1": the one XML file of all pictures is changed."""
from __future__ import annotations

import random
import xml.etree.ElementTree as ET

from .boxes import CLASSES, PICTURES, Annotations, Box, Scene, content, is_sound, strict_number
from .case import Operators, Verdict

CVAT = Operators()
RIGHT, WRONG, EITHER = Verdict.RIGHT, Verdict.WRONG, Verdict.EITHER
CORNERS = ('xtl', 'ytl', 'xbr', 'ybr')


def tree_of(scene: Scene) -> ET.Element:
    """A sound file."""
    root = ET.Element('annotations')
    ET.SubElement(root, 'version').text = '1.1'
    labels = ET.SubElement(ET.SubElement(ET.SubElement(root, 'meta'), 'task'), 'labels')
    for name in CLASSES:
        ET.SubElement(ET.SubElement(labels, 'label'), 'name').text = name
    for number, (name, boxes) in enumerate(scene.pictures.items()):
        width, height = PICTURES[name]
        image = ET.SubElement(root, 'image', id=str(number), name=name, width=str(width), height=str(height))
        for box in boxes:
            corners = zip(CORNERS, (box.x0, box.y0, box.x1, box.y1), strict=True)
            ET.SubElement(image, 'box', label=box.name, occluded='0', **{key: f'{value:.2f}' for key, value in corners})
    return root


class CVATKind(Annotations):
    """One file for all."""

    name, operators, base, picture_folder, tolerance = 'cvat', CVAT, 'cvat_detection', 'images', 0.02

    def draft(self, chance: random.Random, scene: Scene) -> None:
        """The tree."""
        scene.extra['root'] = tree_of(scene)

    def drawn_up(self, scene: Scene) -> bytes:
        """As UTF-8."""
        return ('<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(scene.extra['root'], 'unicode')).encode()

    def write(self, scene: Scene) -> None:
        """The file."""
        data = self.drawn_up(scene) if scene.data is None else scene.data
        (scene.folder / 'train.xml').write_bytes(data)

    def judged(self, scene: Scene) -> tuple[Verdict, list[tuple] | None]:
        """By ElementTree and the rules of the format."""
        try:
            found = strict_cvat(ET.fromstring(scene.data))
        except (ET.ParseError, ValueError, LookupError):
            return WRONG, None
        return (WRONG, None) if found is None else (EITHER, found)


def strict_cvat(root: ET.Element) -> list[tuple] | None:
    """What training has to get, or None where something is wrong."""
    pictures: dict[str, list[Box]] = {}
    for image in root.findall('image') if root.tag == 'annotations' else ():
        name, sides = image.get('name'), tuple(strict_number(image.get(key)) for key in ('width', 'height'))
        if name in pictures or PICTURES.get(name) != sides or any(shape.tag != 'box' for shape in image):
            return None
        pictures[name] = []
        for shape in image:
            corners = [strict_number(shape.get(key)) for key in CORNERS]
            if None in corners or not is_sound(corners, sides) or shape.get('label') not in CLASSES \
                    or shape.get('rotation') is not None:
                return None
            pictures[name].append(Box(shape.get('label'), *corners))
    if not any(pictures.values()):
        return None
    return content((name, PICTURES[name], boxes) for name, boxes in pictures.items())


def _box(chance: random.Random, scene: Scene) -> tuple[ET.Element, Box]:
    """A box of the first picture."""
    nodes = scene.extra['root'].find('image').findall('box')
    number = chance.randrange(len(nodes))
    return nodes[number], scene.pictures[scene.first][number]


@CVAT.add(RIGHT)
def unchanged(chance: random.Random, scene: Scene) -> None:
    """A control: what is right has to be read."""


@CVAT.add(WRONG)
def corner_that_is_no_number(chance: random.Random, scene: Scene) -> None:
    _box(chance, scene)[0].set(chance.choice(CORNERS), chance.choice(['nan', 'inf', '', 'x', '1,5', '1_0', '1e400']))


@CVAT.add(WRONG)
def corner_outside(chance: random.Random, scene: Scene) -> None:
    key, value = chance.choice([('xbr', 500), ('ybr', 10**9), ('xtl', -7), ('ytl', -10**6)])
    _box(chance, scene)[0].set(key, str(value))


@CVAT.add(WRONG)
def corners_exchanged(chance: random.Random, scene: Scene) -> None:
    node, _ = _box(chance, scene)
    low, high = chance.choice([('xtl', 'xbr'), ('ytl', 'ybr')])
    first, second = node.get(low), node.get(high)
    node.set(low, second)
    node.set(high, chance.choice([first, second]))


@CVAT.add(WRONG)
def attribute_missing(chance: random.Random, scene: Scene) -> None:
    node = chance.choice([scene.extra['root'].find('image'), _box(chance, scene)[0]])
    del node.attrib[chance.choice(['name', 'width', 'height'] if node.tag == 'image' else ['label', *CORNERS])]


@CVAT.add(WRONG)
def unknown_class(chance: random.Random, scene: Scene) -> None:
    _box(chance, scene)[0].set('label', chance.choice(['Scratch', '', '凹坑', '0']))


@CVAT.add(WRONG)
def size_of_a_picture(chance: random.Random, scene: Scene) -> None:
    image = scene.extra['root'].find('image')
    if chance.random() < 0.5:
        image.attrib.update(width=image.get('height'), height=image.get('width'))
    else:
        image.set(chance.choice(['width', 'height']), chance.choice(['0', '-3', 'nan', 'inf', 'x', '1e300', '999']))


@CVAT.add(WRONG)
def picture_twice(chance: random.Random, scene: Scene) -> None:
    images = scene.extra['root'].findall('image')
    images[0].attrib.update({key: images[-1].get(key) for key in ('name', 'width', 'height')})


@CVAT.add(WRONG)
def picture_missing(chance: random.Random, scene: Scene) -> None:
    (scene.folder / 'images' / scene.first).unlink()


@CVAT.add(WRONG)
def shape_without_an_area(chance: random.Random, scene: Scene) -> None:
    image = scene.extra['root'].find('image')
    ET.SubElement(image, chance.choice(['points', 'polyline', 'cuboid', 'hexagon']), label=CLASSES[0], points='1,2;3,4')


@CVAT.add(WRONG)
def damaged_polygon(chance: random.Random, scene: Scene) -> None:
    points = chance.choice(['', '1,2', '1;2;3', 'x,y;1,2', 'nan,1;2,3;4,5', '5,5;5,9;5,7', '1,2,3;4,5,6', '9,9;9,9'])
    ET.SubElement(scene.extra['root'].find('image'), 'polygon', label=CLASSES[0], points=points)


@CVAT.add(WRONG)
def of_a_video(chance: random.Random, scene: Scene) -> None:
    for image in scene.extra['root'].findall('image'):
        image.tag = 'track'


@CVAT.add(WRONG)
def file_of_another_kind(chance: random.Random, scene: Scene) -> None:
    scene.data = chance.choice([b'', b'{}', b'\0' * 300, b'<annotations/>', b'<a>' * 3000, b'<annotation/>'])


@CVAT.add(RIGHT)
def polygons(chance: random.Random, scene: Scene) -> None:
    for node, box in zip(scene.extra['root'].find('image').findall('box'), scene.pictures[scene.first], strict=True):
        node.tag = 'polygon'
        node.set('points', f'{box.x0},{box.y0};{box.x1},{box.y0};{box.x1},{box.y1};{box.x0},{box.y1}')


@CVAT.add(RIGHT)
def ellipses(chance: random.Random, scene: Scene) -> None:
    for node, box in zip(scene.extra['root'].find('image').findall('box'), scene.pictures[scene.first], strict=True):
        node.tag = 'ellipse'
        node.attrib.update(cx=str((box.x0 + box.x1) / 2), cy=str((box.y0 + box.y1) / 2),
                           rx=str((box.x1 - box.x0) / 2), ry=str((box.y1 - box.y0) / 2))


@CVAT.add(RIGHT)
def turned_by_a_quarter_of_nothing(chance: random.Random, scene: Scene) -> None:
    _box(chance, scene)[0].set('rotation', chance.choice(['0.0', '180', '360']))


@CVAT.add(RIGHT)
def another_encoding(chance: random.Random, scene: Scene) -> None:
    encoding = chance.choice(['gb2312', 'gbk', 'utf-16', 'utf-8'])
    text = ET.tostring(scene.extra['root'], 'unicode')
    scene.data = f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding)


@CVAT.add(RIGHT)
def no_object(chance: random.Random, scene: Scene) -> None:
    scene.pictures[scene.first] = []
    scene.extra['root'] = tree_of(scene)

"""Pascal VOC: one XML file of the pictures is changed."""
from __future__ import annotations

import random
import xml.etree.ElementTree as ET
from pathlib import Path

from .boxes import CLASSES, PICTURES, Annotations, Box, Scene, content, is_sound, random_box, strict_number
from .case import Operators, Verdict

VOC = Operators()
RIGHT, WRONG, EITHER = Verdict.RIGHT, Verdict.WRONG, Verdict.EITHER
CORNERS = ('xmin', 'ymin', 'xmax', 'ymax')


def tree_of(name: str, boxes: list[Box]) -> ET.Element:
    """The annotation of a picture; VOC counts from 1."""
    root = ET.Element('annotation')
    ET.SubElement(root, 'folder').text = 'JPEGImages'
    ET.SubElement(root, 'filename').text = name
    size = ET.SubElement(root, 'size')
    for key, value in zip(('width', 'height', 'depth'), (*PICTURES[name], 3), strict=True):
        ET.SubElement(size, key).text = str(value)
    for box in boxes:
        node = ET.SubElement(root, 'object')
        ET.SubElement(node, 'name').text = box.name
        ET.SubElement(node, 'pose').text = 'Unspecified'
        ET.SubElement(node, 'difficult').text = str(int(box.ignored))
        corners = ET.SubElement(node, 'bndbox')
        for key, value in zip(CORNERS, (box.x0, box.y0, box.x1, box.y1), strict=True):
            ET.SubElement(corners, key).text = str(value + 1)
    return root


def encoded(root: ET.Element, declared: str = 'utf-8', encoding: str | None = None) -> bytes:
    text = f'<?xml version="1.0" encoding="{declared}"?>\n' + ET.tostring(root, encoding='unicode')
    return text.encode(encoding or declared, 'replace')


class VOCKind(Annotations):
    """One file of several."""

    name, operators, base, picture_folder, tolerance = 'voc', VOC, 'voc_detection', 'JPEGImages', 1.0

    def draft(self, chance: random.Random, scene: Scene) -> None:
        """Trees, and the list of pictures."""
        scene.extra.update(root=tree_of(scene.first, scene.pictures[scene.first]), stem=Path(scene.first).stem,
                           listed=[Path(name).stem for name in scene.pictures])

    def drawn_up(self, scene: Scene) -> bytes:
        """As UTF-8."""
        return encoded(scene.extra['root'])

    def write(self, scene: Scene) -> None:
        """Lists, files of the other pictures, file of the first one."""
        folder = scene.folder / 'Annotations'
        folder.mkdir()
        for name, boxes in scene.pictures.items():
            (folder / f'{Path(name).stem}.xml').write_bytes(encoded(tree_of(name, boxes)))
        if scene.extra['root'] is None:
            (folder / f'{scene.extra["stem"]}.xml').unlink()
        else:
            data = self.drawn_up(scene) if scene.data is None else scene.data
            (folder / f'{scene.extra["stem"]}.xml').write_bytes(data)
        lists = scene.folder / 'ImageSets' / 'Main'
        lists.mkdir(parents=True)
        (lists / 'train.txt').write_text('\n'.join(scene.extra['listed']) + '\n', encoding='utf-8')

    def judged(self, scene: Scene) -> tuple[Verdict, list[tuple] | None]:
        """By ElementTree and the rules of the format."""
        boxes = strict_voc(scene.data, PICTURES[scene.first])
        if boxes is None:
            return WRONG, None
        return EITHER, content((name, PICTURES[name], boxes if name == scene.first else others)
                               for name, others in scene.pictures.items())


def strict_voc(data: bytes, size: tuple[int, int]) -> list[Box] | None:
    """Boxes of an XML file, or None where something is wrong with it."""
    try:
        root = ET.fromstring(data)
    except (ET.ParseError, ValueError, LookupError):
        return None
    if (node := root.find('size')) is not None:
        sides = [strict_number(node.findtext(key)) for key in ('width', 'height')]
        if None in sides or (min(sides) > 0 and tuple(sides) != tuple(size)) or min(sides) < 0:
            return None
    boxes = []
    for node in root.findall('object'):
        corners = [strict_number(node.findtext(f'bndbox/{key}')) for key in CORNERS]
        name, difficult = (node.findtext('name') or '').strip(), (node.findtext('difficult') or '0').strip()
        if None in corners or name not in CLASSES or difficult not in ('0', '1'):
            return None
        corners = [value - 1 for value in corners]
        if not is_sound(corners, size):
            return None
        boxes.append(Box(name, *corners, difficult == '1'))
    return boxes


def _object(chance: random.Random, scene: Scene) -> tuple[ET.Element, Box]:
    """One of the objects, with its box."""
    nodes = scene.extra['root'].findall('object')
    number = chance.randrange(len(nodes))
    return nodes[number], scene.pictures[scene.first][number]


def _corner(chance: random.Random, scene: Scene, value: object) -> None:
    node, _ = _object(chance, scene)
    node.find(f'bndbox/{chance.choice(CORNERS)}').text = str(value)


@VOC.add(RIGHT)
def unchanged(chance: random.Random, scene: Scene) -> None:
    """A control: what is right has to be read."""


@VOC.add(WRONG)
def corner_that_is_no_number(chance: random.Random, scene: Scene) -> None:
    _corner(chance, scene, chance.choice(['nan', 'inf', '-inf', 'NaN', '', 'x', '1,5', '1_0', '0x20', 'None', '1e400']))


@VOC.add(WRONG)
def corner_far_away(chance: random.Random, scene: Scene) -> None:
    node, _ = _object(chance, scene)
    far = chance.choice([10**4, 10**9, 10**18, 10**40, 1e300])
    key, value = chance.choice([('xmax', far), ('ymax', far), ('xmin', -far), ('ymin', -far)])
    node.find(f'bndbox/{key}').text = str(value)


@VOC.add(WRONG)
def corner_a_little_outside(chance: random.Random, scene: Scene) -> None:
    node, _ = _object(chance, scene)
    width, height = PICTURES[scene.first]
    key, value = chance.choice([('xmax', width + 5), ('ymax', height + 4), ('xmin', -4), ('ymin', -9)])
    node.find(f'bndbox/{key}').text = str(value)


@VOC.add(WRONG)
def corners_exchanged(chance: random.Random, scene: Scene) -> None:
    node, _ = _object(chance, scene)
    low, high = chance.choice([('xmin', 'xmax'), ('ymin', 'ymax')])
    first, second = node.find(f'bndbox/{low}'), node.find(f'bndbox/{high}')
    first.text, second.text = second.text, first.text


@VOC.add(WRONG)
def no_size_of_a_box(chance: random.Random, scene: Scene) -> None:
    node, _ = _object(chance, scene)
    low, high = chance.choice([('xmin', 'xmax'), ('ymin', 'ymax')])
    node.find(f'bndbox/{high}').text = node.findtext(f'bndbox/{low}')


@VOC.add(WRONG)
def corners_in_shares(chance: random.Random, scene: Scene) -> None:
    for node in scene.extra['root'].findall('object'):
        for key, side in zip(CORNERS, (*PICTURES[scene.first], ) * 2, strict=True):
            corner = node.find(f'bndbox/{key}')
            corner.text = f'{float(corner.text) / side:.4f}'


@VOC.add(WRONG)
def unknown_class(chance: random.Random, scene: Scene) -> None:
    node, box = _object(chance, scene)
    node.find('name').text = chance.choice(['Scratch', 'scrach', '', '凹坑', '0', 'deep_hole', box.name + '\u200b'])


@VOC.add(WRONG)
def part_of_an_object_missing(chance: random.Random, scene: Scene) -> None:
    node, _ = _object(chance, scene)
    parent, tag = chance.choice([(node, 'name'), (node, 'bndbox'), *((node.find('bndbox'), key) for key in CORNERS)])
    parent.remove(parent.find(tag))


@VOC.add(WRONG)
def sides_exchanged(chance: random.Random, scene: Scene) -> None:
    width, height = PICTURES[scene.first]
    scene.extra['root'].find('size/width').text, scene.extra['root'].find('size/height').text = str(height), str(width)


@VOC.add(WRONG)
def other_size(chance: random.Random, scene: Scene) -> None:
    node = scene.extra['root'].find(f'size/{chance.choice(["width", "height"])}')
    node.text = chance.choice(['nan', 'inf', '-5', 'x', '1e30', '4000', '', str(int(node.text) + 1)])
    if node.text == '':
        return EITHER  # not said, as 0
    return None


@VOC.add(WRONG)
def everything_is_difficult(chance: random.Random, scene: Scene) -> None:
    for name, boxes in scene.pictures.items():
        for box in boxes:
            box.ignored = True
        scene.pictures[name] = boxes
    scene.extra['root'] = tree_of(scene.first, scene.pictures[scene.first])


@VOC.add(WRONG)
def unknown_encoding(chance: random.Random, scene: Scene) -> None:
    scene.data = encoded(scene.extra['root'], chance.choice(['ansi', 'utf-88', 'x', 'gb-2312-99', 'base64', 'zlib']),
                         'utf-8')


@VOC.add(WRONG)
def encoding_that_is_not_declared(chance: random.Random, scene: Scene) -> None:
    scene.pictures[scene.first][0].name = '划痕'
    scene.data = encoded(tree_of(scene.first, scene.pictures[scene.first]), 'utf-8', chance.choice(['gbk', 'big5']))


@VOC.add(WRONG)
def entities_without_end(chance: random.Random, scene: Scene) -> None:
    lines = ''.join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 20}">' for n in range(1, 12))
    text = ET.tostring(scene.extra['root'], encoding='unicode').replace('<pose>', '<pose>&e11;')
    scene.data = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e0 "ha">{lines}]>{text}'.encode()


@VOC.add(WRONG)
def file_of_another_kind(chance: random.Random, scene: Scene) -> None:
    scene.data = chance.choice([b'', b' \n', b'\0' * 400, b'{}', b'<html><body>404</body></html>', b'\x89PNG\r\n\x1a\n',
                                '<a>'.encode('utf-16'), b'<annotation>' * 5000])
    if scene.data.startswith(b'<html'):
        return EITHER  # an annotation without an object, as far as the format goes
    return None


@VOC.add(WRONG)
def file_missing(chance: random.Random, scene: Scene) -> None:
    scene.extra['root'] = None


@VOC.add(WRONG)
def picture_missing(chance: random.Random, scene: Scene) -> None:
    (scene.folder / 'JPEGImages' / scene.first).unlink()


@VOC.add(RIGHT)
def another_encoding(chance: random.Random, scene: Scene) -> None:
    scene.pictures[scene.first][0].name = '划痕'
    root = tree_of(scene.first, scene.pictures[scene.first])
    encoding = chance.choice(['gb2312', 'gbk', 'GB18030', 'utf-16', 'UTF-8', 'utf-8-sig'])
    scene.data = b'\xef\xbb\xbf' + encoded(root) if encoding == 'utf-8-sig' else encoded(root, encoding)


@VOC.add(RIGHT)
def numbers_with_fractions(chance: random.Random, scene: Scene) -> None:
    for path in ('size/width', 'size/height', *(f'object/bndbox/{key}' for key in CORNERS)):
        for node in scene.extra['root'].findall(path):
            node.text = chance.choice([f'{node.text}.0', f' {node.text}\n', node.text])


@VOC.add(RIGHT)
def no_size_in_the_file(chance: random.Random, scene: Scene) -> None:
    root = scene.extra['root']
    if chance.random() < 0.5:
        root.remove(root.find('size'))
    else:
        root.find('size/width').text = root.find('size/height').text = '0'


@VOC.add(RIGHT)
def other_order_and_more_entries(chance: random.Random, scene: Scene) -> None:
    for node in (scene.extra['root'], *scene.extra['root'].findall('object')):
        children = list(node)
        chance.shuffle(children)
        node[:] = children
        node.insert(0, ET.Comment(' a comment with <object> in it '))
        ET.SubElement(node, 'source').text = 'näher & <ferner>'


@VOC.add(RIGHT)
def another_file_name(chance: random.Random, scene: Scene) -> None:
    scene.extra['root'].find('filename').text = chance.choice(['', 'C:\\Bilder\\neu.png', 'x', '../../etc/passwd'])


@VOC.add(RIGHT)
def no_object(chance: random.Random, scene: Scene) -> None:
    scene.pictures[scene.first] = []
    scene.extra['root'] = tree_of(scene.first, [])


@VOC.add(RIGHT)
def many_objects(chance: random.Random, scene: Scene) -> None:
    scene.pictures[scene.first] = [random_box(chance, PICTURES[scene.first]) for _ in range(90)]
    scene.extra['root'] = tree_of(scene.first, scene.pictures[scene.first])


@VOC.add(RIGHT)
def some_are_difficult(chance: random.Random, scene: Scene) -> None:
    scene.pictures[scene.first][0].ignored = True
    scene.extra['root'] = tree_of(scene.first, scene.pictures[scene.first])


@VOC.add(EITHER)
def difficult_is_a_word(chance: random.Random, scene: Scene) -> None:
    node, _ = _object(chance, scene)
    node.find('difficult').text = chance.choice(['Unspecified', 'no', '', '0.0', ' 0 ', 'false'])


@VOC.add(RIGHT)
def line_ends_of_windows(chance: random.Random, scene: Scene) -> None:
    scene.data = encoded(scene.extra['root']).replace(b'><', b'>\r\n\t<')

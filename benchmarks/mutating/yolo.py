"""YOLO: the text file of one picture is changed, or data.yaml."""
from __future__ import annotations

import random
from pathlib import Path

from .boxes import CLASSES, PICTURES, Annotations, Box, Scene, content, is_sound, strict_number
from .case import Operators, Verdict

YOLO = Operators()
RIGHT, WRONG, EITHER = Verdict.RIGHT, Verdict.WRONG, Verdict.EITHER
#: Shares may be this far outside: tools round.
ROUNDING = 0.01


def line_of(box: Box, size: tuple[int, int]) -> str:
    """Class, centre and sides in shares."""
    x, y, width, height = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, box.x1 - box.x0, box.y1 - box.y0
    shares = (x / size[0], y / size[1], width / size[0], height / size[1])
    return f'{CLASSES.index(box.name)} ' + ' '.join(f'{share:.6f}' for share in shares)


class YOLOKind(Annotations):
    """One text file of several."""

    name, operators, base, picture_folder, tolerance = 'yolo', YOLO, 'yolo_detection', 'images/train', 0.05

    def draft(self, chance: random.Random, scene: Scene) -> None:
        """Lines, and data.yaml. Pictures that are not listed have no business in the folder."""
        scene.extra['lines'] = [line_of(box, PICTURES[scene.first]) for box in scene.pictures[scene.first]]
        scene.extra['yaml'] = '\n'.join(['train: images/train', 'val: images/train', f'nc: {len(CLASSES)}', 'names:',
                                         *(f'  {number}: {name}' for number, name in enumerate(CLASSES))]) + '\n'
        for name in {*PICTURES} - {*scene.pictures}:
            (scene.folder / self.picture_folder / name).unlink()

    def drawn_up(self, scene: Scene) -> bytes:
        """Of the first picture."""
        return ('\n'.join(scene.extra['lines']) + '\n').encode()

    def write(self, scene: Scene) -> None:
        """Text files and data.yaml."""
        labels = scene.folder / 'labels' / 'train'
        labels.mkdir(parents=True)
        for name, boxes in scene.pictures.items():
            (labels / Path(name).with_suffix('.txt')).write_text(
                '\n'.join(line_of(box, PICTURES[name]) for box in boxes))
        data = self.drawn_up(scene) if scene.data is None else scene.data
        (labels / Path(scene.first).with_suffix('.txt')).write_bytes(data)
        text = scene.extra['yaml']
        (scene.folder / 'data.yaml').write_bytes(text if isinstance(text, bytes) else text.encode())

    def judged(self, scene: Scene) -> tuple[Verdict, list[tuple] | None]:
        """Line by line."""
        try:
            lines = scene.data.decode('utf-8-sig').splitlines()
        except ValueError:
            return WRONG, None
        boxes = [strict_line(line, PICTURES[scene.first]) for line in lines if line.strip()]
        if None in boxes:
            return WRONG, None
        return EITHER, content((name, PICTURES[name], boxes if name == scene.first else others)
                               for name, others in scene.pictures.items())


def strict_line(line: str, size: tuple[int, int]) -> Box | None:
    """The box of a line, or None where something is wrong with it."""
    number, *values = map(strict_number, line.split())
    if number is None or None in values or number not in range(len(CLASSES)):
        return None
    if any(not -ROUNDING <= value <= 1 + ROUNDING for value in values):
        return None
    if len(values) == 4:
        x, y, width, height = values
        corners = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
    elif len(values) >= 6 and len(values) % 2 == 0:
        corners = [min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2])]
    else:
        return None
    corners = [value * side for value, side in zip(corners, size * 2, strict=True)]
    return Box(CLASSES[int(number)], *corners) if is_sound(corners, size) else None


def _change(chance: random.Random, scene: Scene, field: int, words: list[str]) -> None:
    """One word of a line."""
    lines = scene.extra['lines']
    number = chance.randrange(len(lines))
    fields = lines[number].split()
    fields[field] = chance.choice(words)
    lines[number] = ' '.join(fields)


@YOLO.add(RIGHT)
def unchanged(chance: random.Random, scene: Scene) -> None:
    """A control: what is right has to be read."""


@YOLO.add(WRONG)
def share_that_is_none(chance: random.Random, scene: Scene) -> None:
    _change(chance, scene, chance.randint(1, 4), ['nan', 'inf', '-inf', 'x', '0,5', '-0.5', '1.7', '35', '1e9', '0x1',
                                                  '0.2_5', '1e400'])


@YOLO.add(WRONG)
def class_that_is_none(chance: random.Random, scene: Scene) -> None:
    _change(chance, scene, 0, ['3', '-1', '0.5', 'scratch', '99', 'nan', 'inf', '1_0', '1e30'])


@YOLO.add(WRONG)
def side_of_zero(chance: random.Random, scene: Scene) -> None:
    _change(chance, scene, chance.choice([3, 4]), ['0', '0.0', '0.0001', '-0.005'])


@YOLO.add(WRONG)
def box_over_the_border(chance: random.Random, scene: Scene) -> None:
    _change(chance, scene, chance.choice([1, 2]), ['0.999', '0.0', '1.0'])


@YOLO.add(WRONG)
def boxes_in_pixels(chance: random.Random, scene: Scene) -> None:
    boxes = scene.pictures[scene.first]
    scene.extra['lines'] = [f'{CLASSES.index(box.name)} {box.x0} {box.y0} {box.x1} {box.y1}' for box in boxes]


@YOLO.add(WRONG)
def number_of_numbers(chance: random.Random, scene: Scene) -> None:
    number = chance.randrange(len(scene.extra['lines']))
    fields = scene.extra['lines'][number].split()
    scene.extra['lines'][number] = ' '.join(chance.choice([fields[:4], fields[:1], [*fields, '0.9'],
                                                           [*fields, '0.1', '0.2', '0.3']]))


@YOLO.add(WRONG)
def names_of_the_classes(chance: random.Random, scene: Scene) -> None:
    names = chance.choice(['', 'names: 3', 'names: []', 'names: {1: scratch}', 'names: [scratch]', 'names: [a, b, c]',
                           'names: {a: b}', 'names: null', 'names: [[a]]'])
    scene.extra['yaml'] = f'train: images/train\n{names}\n'


@YOLO.add(WRONG)
def damaged_yaml(chance: random.Random, scene: Scene) -> None:
    scene.extra['yaml'] = chance.choice([
        '', 'names: [', '\ttrain: x', 'x', '- a', '!!python/object/apply:os.system ["true"]', 'names: *a', '\0',
        'a: &a [x]\nb: &b [*a, *a]\nnames: [*b, *b]', 'train: gone\nnames: [scratch, 划痕, deep hole]', b'\xff\xfe\xfd',
        'train: 3\nnames: [scratch, 划痕, deep hole]', 'train: {a: b}\nnames: [scratch, 划痕, deep hole]',
        'train: [null]\nnames: [scratch, 划痕, deep hole]', 'train: ""\nnames: [scratch, 划痕, deep hole]'])


@YOLO.add(WRONG)
def boxes_of_no_picture(chance: random.Random, scene: Scene) -> None:
    (scene.folder / 'images' / 'train' / scene.first).unlink()


@YOLO.add(WRONG)
def damaged_picture(chance: random.Random, scene: Scene) -> None:
    path = scene.folder / 'images' / 'train' / scene.first
    path.write_bytes(path.read_bytes()[:chance.choice([0, 10, 300])])


@YOLO.add(RIGHT)
def another_form(chance: random.Random, scene: Scene) -> None:
    lines = [chance.choice(['{}', ' {}  ', '\t{}']).format(line.replace(' ', chance.choice([' ', '  ', '\t'])))
             for line in scene.extra['lines']]
    end = chance.choice(['\n', '\r\n', '\n\n'])
    scene.data = chance.choice([b'', b'\xef\xbb\xbf']) + (end.join(lines) + chance.choice(['', end])).encode()


@YOLO.add(EITHER)
def another_encoding(chance: random.Random, scene: Scene) -> None:
    scene.data = '\n'.join(scene.extra['lines']).encode(chance.choice(['utf-16', 'utf-16-le', 'utf-32']))


@YOLO.add(RIGHT)
def polygons(chance: random.Random, scene: Scene) -> None:
    width, height = PICTURES[scene.first]
    scene.extra['lines'] = []
    for box in scene.pictures[scene.first]:
        points = [(box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1)]
        shares = ' '.join(f'{x / width:.6f} {y / height:.6f}' for x, y in points)
        scene.extra['lines'].append(f'{CLASSES.index(box.name)} {shares}')


@YOLO.add(RIGHT)
def no_object(chance: random.Random, scene: Scene) -> None:
    scene.pictures[scene.first], scene.extra['lines'] = [], []


@YOLO.add(RIGHT)
def names_as_a_list(chance: random.Random, scene: Scene) -> None:
    scene.extra['yaml'] = 'path: .\ntrain: [images/train]\nnames: [scratch, "划痕", deep hole]\nextra: {a: 1}\n'

"""COCO: the one JSON file of all pictures is changed."""
from __future__ import annotations

import json
import random
from types import MappingProxyType
from typing import Any

from .boxes import CLASSES, PICTURES, Annotations, Box, Scene, content, is_sound, strict_number
from .case import Operators, Verdict

COCO = Operators()
RIGHT, WRONG, EITHER = Verdict.RIGHT, Verdict.WRONG, Verdict.EITHER
LISTS = ('images', 'annotations', 'categories')


def document(scene: Scene) -> dict[str, Any]:
    """A sound file; ids count from 1."""
    images = [dict(id=number, file_name=name, width=PICTURES[name][0], height=PICTURES[name][1])
              for number, name in enumerate(scene.pictures, 1)]
    boxes = [(number, box) for number, name in enumerate(scene.pictures, 1) for box in scene.pictures[name]]
    annotations = [dict(id=number, image_id=image, category_id=CLASSES.index(box.name) + 1, iscrowd=int(box.ignored),
                        bbox=[box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0],
                        area=(box.x1 - box.x0) * (box.y1 - box.y0), segmentation=[])
                   for number, (image, box) in enumerate(boxes, 1)]
    return dict(images=images, annotations=annotations,
                categories=[dict(id=number, name=name) for number, name in enumerate(CLASSES, 1)])


class COCOKind(Annotations):
    """One file for all."""

    name, operators, base, picture_folder, tolerance = 'coco', COCO, 'coco_detection', 'images', 0.01
    options = MappingProxyType(dict(ann_file='train.json', data_prefix=dict(img='images/')))

    def draft(self, chance: random.Random, scene: Scene) -> None:
        """The document."""
        scene.extra['coco'] = document(scene)

    def drawn_up(self, scene: Scene) -> bytes:
        """As UTF-8."""
        return json.dumps(scene.extra['coco'], ensure_ascii=False).encode('utf-8', 'surrogatepass')

    def write(self, scene: Scene) -> None:
        """The file."""
        data = self.drawn_up(scene) if scene.data is None else scene.data
        (scene.folder / 'train.json').write_bytes(data)

    def judged(self, scene: Scene) -> tuple[Verdict, list[tuple] | None]:
        """By a strict JSON parser and the rules of the format."""
        try:
            found = strict_coco(json.loads(scene.data.decode('utf-8-sig'), parse_constant=_refuse))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
            return WRONG, None
        return EITHER, found


def _refuse(word: str) -> None:
    raise ValueError(f'{word} is no JSON')


def _need(fine: bool) -> None:
    if not fine:
        raise ValueError


def strict_coco(data: dict[str, Any]) -> list[tuple]:
    """What training has to get; raises one of many where something is wrong."""
    for key in LISTS:
        ids = [entry['id'] for entry in data[key]]
        _need(isinstance(data[key], list) and all(type(one) is int for one in ids) and len({*ids}) == len(ids))
    names = {one['id']: one['name'] for one in data['categories']}
    _need([*names.values()] == [*CLASSES])
    images = {one['id']: one['file_name'] for one in data['images']}
    _need(len({*images.values()}) == len(images) > 0)
    for one in data['images']:
        _need(PICTURES[one['file_name']] == (strict_number(one['width']), strict_number(one['height'])))
    boxes: dict[str, list[Box]] = {name: [] for name in images.values()}
    for one in data['annotations']:
        name = images[one['image_id']]
        x, y, width, height = map(strict_number, one['bbox'])
        _need(is_sound((x, y, x + width, y + height), PICTURES[name]))
        _need(strict_number(one['area']) > 0 and one['iscrowd'] in (0, 1))
        boxes[name].append(Box(names[one['category_id']], x, y, x + width, y + height, one['iscrowd'] == 1))
    _need(any(not box.ignored for found in boxes.values() for box in found))
    return content((name, PICTURES[name], found) for name, found in boxes.items())


#: What stands in files where a number should.
NO_NUMBERS: tuple[Any, ...] = (None, 'x', '12', '', [], [1], {}, float('nan'), float('inf'), float('-inf'))


def _one(chance: random.Random, scene: Scene, key: str) -> dict[str, Any]:
    """An entry of a list."""
    return chance.choice(scene.extra['coco'][key])


@COCO.add(RIGHT)
def unchanged(chance: random.Random, scene: Scene) -> None:
    """A control: what is right has to be read."""


@COCO.add(WRONG)
def box_that_is_no_number(chance: random.Random, scene: Scene) -> None:
    _one(chance, scene, 'annotations')['bbox'][chance.randrange(4)] = chance.choice(NO_NUMBERS)


@COCO.add(WRONG)
def number_beyond_all_bounds(chance: random.Random, scene: Scene) -> None:
    huge = chance.choice([10**30, 10**400, -10**400, 1e308])
    _one(chance, scene, 'annotations')['bbox'][chance.randrange(4)] = huge


@COCO.add(WRONG)
def box_of_another_form(chance: random.Random, scene: Scene) -> None:
    one = _one(chance, scene, 'annotations')
    box = one['bbox']
    one['bbox'] = chance.choice([box[:3], [*box, 1], [], None, 'x', {'x': 1}, [box], 7, [box[:2], box[2:]]])


@COCO.add(WRONG)
def box_outside(chance: random.Random, scene: Scene) -> None:
    _one(chance, scene, 'annotations')['bbox'][chance.randrange(2)] = chance.choice([-7, 500, 10**6, -3.5])


@COCO.add(WRONG)
def side_of_zero_or_less(chance: random.Random, scene: Scene) -> None:
    _one(chance, scene, 'annotations')['bbox'][chance.choice([2, 3])] = chance.choice([0, -5, -0.0, 1e-12])


@COCO.add(WRONG)
def boxes_in_shares(chance: random.Random, scene: Scene) -> None:
    sizes = {one['id']: (one['width'], one['height']) for one in scene.extra['coco']['images']}
    for one in scene.extra['coco']['annotations']:
        one['bbox'] = [value / side for value, side in zip(one['bbox'], sizes[one['image_id']] * 2, strict=True)]


@COCO.add(WRONG)
def all_boxes_as_corners(chance: random.Random, scene: Scene) -> None:
    left = True
    for one, size in ((one, PICTURES[name]) for one, name in _pairs(scene)):
        x, y, width, height = one['bbox']
        one['bbox'] = [x, y, x + width, y + height]
        left = left and is_sound((x, y, 2 * x + width, 2 * y + height), size)
    if left:
        return EITHER  # nobody can tell
    return None


def _pairs(scene: Scene) -> list[tuple[dict[str, Any], str]]:
    names = {one['id']: one['file_name'] for one in scene.extra['coco']['images']}
    return [(one, names[one['image_id']]) for one in scene.extra['coco']['annotations']]


@COCO.add(WRONG)
def everything_is_a_crowd(chance: random.Random, scene: Scene) -> None:
    for one in scene.extra['coco']['annotations']:
        one['iscrowd'] = 1


@COCO.add(WRONG)
def areas_of_zero(chance: random.Random, scene: Scene) -> None:
    entries = scene.extra['coco']['annotations']
    for one in entries if chance.random() < 0.5 else [chance.choice(entries)]:
        one['area'] = chance.choice([0, 0.0, -1, float('nan')])


@COCO.add(EITHER)
def areas_that_are_not_said(chance: random.Random, scene: Scene) -> None:
    for one in scene.extra['coco']['annotations']:
        one['area'] = None


@COCO.add(WRONG)
def reference_to_nothing(chance: random.Random, scene: Scene) -> None:
    one, key = _one(chance, scene, 'annotations'), chance.choice(['image_id', 'category_id'])
    one[key] = chance.choice([99, -1, None, 'x', [1], {}, 1.5])


@COCO.add(WRONG)
def id_twice(chance: random.Random, scene: Scene) -> None:
    entries = scene.extra['coco'][chance.choice(LISTS)]
    entries[0]['id'] = entries[-1]['id']


@COCO.add(WRONG)
def id_of_another_kind(chance: random.Random, scene: Scene) -> None:
    _one(chance, scene, chance.choice(LISTS))['id'] = chance.choice([None, [1], {}, float('nan')])


@COCO.add(WRONG)
def category_twice(chance: random.Random, scene: Scene) -> None:
    entries = scene.extra['coco']['categories']
    entries.append(dict(entries[0], id=17))
    if chance.random() < 0.5:
        _one(chance, scene, 'annotations')['category_id'] = 17


@COCO.add(WRONG)
def categories_of_other_names(chance: random.Random, scene: Scene) -> None:
    _one(chance, scene, 'categories')['name'] = chance.choice(['Scratch', '', None, 3, ['a'], {}, 'deep_hole'])


@COCO.add(WRONG)
def one_picture_under_two_ids(chance: random.Random, scene: Scene) -> None:
    images = scene.extra['coco']['images']
    images.append(dict(images[0], id=77))
    for one in scene.extra['coco']['annotations']:
        if one['image_id'] == images[0]['id'] and chance.random() < 0.5:
            one['image_id'] = 77


@COCO.add(WRONG)
def sides_of_a_picture(chance: random.Random, scene: Scene) -> None:
    one = scene.extra['coco']['images'][0]
    if chance.random() < 0.4:
        one['width'], one['height'] = one['height'], one['width']
    else:
        one[chance.choice(['width', 'height'])] = chance.choice([*NO_NUMBERS, 0, -4, 4000, 10**400, True])


@COCO.add(WRONG)
def name_of_a_picture(chance: random.Random, scene: Scene) -> None:
    _one(chance, scene, 'images')['file_name'] = chance.choice(
        [None, 7, [], {}, '', '.', 'gone.png', 'a\0b.png', '../train.json', 'x' * 3000, '\ud800.png'])


@COCO.add(WRONG)
def entry_missing(chance: random.Random, scene: Scene) -> None:
    key = chance.choice(LISTS)
    needed = dict(images=['id', 'file_name', 'width', 'height'], categories=['id', 'name'],
                  annotations=['id', 'image_id', 'category_id', 'bbox'])
    del _one(chance, scene, key)[chance.choice(needed[key])]


@COCO.add(WRONG)
def list_missing_or_no_list(chance: random.Random, scene: Scene) -> None:
    key = chance.choice(LISTS)
    scene.extra['coco'][key] = chance.choice([None, {}, 'x', 3, [], [None], [[]], ['x']])
    if chance.random() < 0.3:
        del scene.extra['coco'][key]


@COCO.add(WRONG)
def file_of_another_kind(chance: random.Random, scene: Scene) -> None:
    scene.data = chance.choice([b'', b' \n', b'null', b'[]', b'3', b'"x"', b'\0' * 400, b'[' * 100_000, b'{"images":[',
                                b'<xml/>', b'{}', b'\x80\x81', b'{"images":[],"annotations":[],"categories":[]}'])


@COCO.add(WRONG)
def picture_missing(chance: random.Random, scene: Scene) -> None:
    (scene.folder / 'images' / scene.first).unlink()


@COCO.add(RIGHT)
def ids_from_zero_or_large(chance: random.Random, scene: Scene) -> None:
    for key, pointer in (('images', 'image_id'), ('categories', 'category_id'), ('annotations', '')):
        start = chance.choice([0, 5, 2**31, 2**53])
        for one in scene.extra['coco'][key]:
            one['id'] += start - 1
        for one in scene.extra['coco']['annotations'] if pointer else ():
            one[pointer] += start - 1


@COCO.add(EITHER)
def ids_that_are_text_or_huge(chance: random.Random, scene: Scene) -> None:
    change = chance.choice([str, lambda one: f'a{one}', lambda one: one + 2**64, lambda one: -one, float])
    for key, pointer in (('images', 'image_id'), ('categories', 'category_id'), ('annotations', '')):
        for one in scene.extra['coco'][key]:
            one['id'] = change(one['id'])
        for one in scene.extra['coco']['annotations'] if pointer else ():
            one[pointer] = change(one[pointer])


@COCO.add(RIGHT)
def another_form(chance: random.Random, scene: Scene) -> None:
    text = json.dumps(scene.extra['coco'], ensure_ascii=chance.random() < 0.5, indent=chance.choice([None, 1, '\t']))
    scene.data = chance.choice([b'', b'\xef\xbb\xbf']) + text.replace('\n', '\r\n').encode()


@COCO.add(EITHER)
def another_encoding(chance: random.Random, scene: Scene) -> None:
    text = json.dumps(scene.extra['coco'], ensure_ascii=False)
    scene.data = text.encode(chance.choice(['utf-16', 'utf-16-le', 'gbk', 'utf-32']))


@COCO.add(RIGHT)
def more_entries_in_another_order(chance: random.Random, scene: Scene) -> None:
    data = scene.extra['coco']
    for key in ('images', 'annotations'):
        chance.shuffle(data[key])
    scene.extra['coco'] = dict(info=dict(year='?'), licenses=None, **{
        key: [{'extra': {'a': [1, None]}, **one} for one in data[key]] for key in chance.sample(LISTS, 3)})


@COCO.add(RIGHT)
def fractions(chance: random.Random, scene: Scene) -> None:
    for box in scene.pictures[scene.first]:
        box.x0, box.y1 = box.x0 + chance.choice([0, 0.25]), box.y1 - chance.choice([0, 0.5])
    scene.extra['coco'] = document(scene)


@COCO.add(RIGHT)
def a_crowd_among_others(chance: random.Random, scene: Scene) -> None:
    scene.pictures[scene.first][0].ignored = True
    scene.extra['coco'] = document(scene)


@COCO.add(RIGHT)
def a_picture_without_objects(chance: random.Random, scene: Scene) -> None:
    scene.pictures[scene.first] = []
    scene.extra['coco'] = document(scene)

"""Lists of pictures, as VOC has them: ImageSets/Main/train.txt is changed."""
from __future__ import annotations

import random
from pathlib import Path

from .boxes import PICTURES, Annotations, Scene, content
from .case import Operators, Verdict
from .voc import encoded, tree_of

LISTS = Operators()
RIGHT, WRONG, EITHER = Verdict.RIGHT, Verdict.WRONG, Verdict.EITHER


class ListKind(Annotations):
    """Names without suffix, one on each line."""

    name, operators, base, picture_folder, tolerance = 'lists', LISTS, 'voc_detection', 'JPEGImages', 1.0

    def draft(self, chance: random.Random, scene: Scene) -> None:
        """The names."""
        scene.extra['stems'] = [Path(name).stem for name in scene.pictures]

    def drawn_up(self, scene: Scene) -> bytes:
        """As UTF-8."""
        return ('\n'.join(scene.extra['stems']) + '\n').encode()

    def write(self, scene: Scene) -> None:
        """Annotations and the list."""
        for folder in ('Annotations', 'ImageSets/Main'):
            (scene.folder / folder).mkdir(parents=True)
        for name, boxes in scene.pictures.items():
            (scene.folder / 'Annotations' / f'{Path(name).stem}.xml').write_bytes(encoded(tree_of(name, boxes)))
        data = self.drawn_up(scene) if scene.data is None else scene.data
        (scene.folder / 'ImageSets' / 'Main' / 'train.txt').write_bytes(data)

    def judged(self, scene: Scene) -> tuple[Verdict, list[tuple] | None]:
        """Line by line: each must be the name of a picture, and none twice."""
        try:
            stems = [line.strip() for line in scene.data.decode('utf-8-sig').split('\n')]
        except ValueError:
            return WRONG, None
        stems = [stem for stem in stems if stem]
        names = {Path(name).stem: name for name in scene.pictures}
        if not stems or not {*stems} <= {*names} or len({*stems}) < len(stems):
            return WRONG, None
        return EITHER, content((names[stem], PICTURES[names[stem]], scene.pictures[names[stem]]) for stem in stems)


@LISTS.add(RIGHT)
def unchanged(chance: random.Random, scene: Scene) -> None:
    """A control: what is right has to be read."""


@LISTS.add(WRONG)
def name_that_is_none(chance: random.Random, scene: Scene) -> None:
    scene.extra['stems'].insert(chance.randrange(2), chance.choice(
        ['gone', '../part_1', '/etc/passwd', 'x' * 3000, 'a\0b', '.', '..', '*', '\ufffe']))


@LISTS.add(WRONG)
def name_twice(chance: random.Random, scene: Scene) -> None:
    scene.extra['stems'].append(scene.extra['stems'][0])


@LISTS.add(WRONG)
def several_names_in_a_line(chance: random.Random, scene: Scene) -> None:
    scene.data = chance.choice([',', ';', '\t', ', ']).join(scene.extra['stems']).encode()


@LISTS.add(WRONG)
def list_of_another_kind(chance: random.Random, scene: Scene) -> None:
    scene.data = chance.choice([b'', b'\n \n', b'\0' * 200, b'\x89PNG\r\n\x1a\n\0\0', b'\xff\xfe', b'\xef\xbb\xbf',
                                b'<html>', b'["part_1"]', b'\xd0\xcf\x11\xe0\xa1\xb1'])


@LISTS.add(RIGHT)
def another_form(chance: random.Random, scene: Scene) -> None:
    end = chance.choice(['\n', '\r\n', '\n\n'])
    lines = end.join(chance.choice(['{}', '{}  ', '  {}', '{}\t']).format(stem) for stem in scene.extra['stems'])
    scene.data = chance.choice([b'', b'\xef\xbb\xbf']) + (lines + chance.choice(['', end])).encode()


@LISTS.add(EITHER)
def another_encoding(chance: random.Random, scene: Scene) -> None:
    scene.data = '\r\n'.join(scene.extra['stems']).encode(chance.choice(['utf-16', 'utf-16-le', 'gbk', 'utf-32']))


@LISTS.add(EITHER)
def names_with_a_suffix(chance: random.Random, scene: Scene) -> None:
    suffix = chance.choice([None, None, '.xml', '.jpg', '.JPG'])
    names = [name if suffix is None else f'{Path(name).stem}{suffix}' for name in scene.pictures]
    scene.extra['stems'] = [f'JPEGImages/{name}' for name in names] if chance.random() < 0.3 else names


@LISTS.add(EITHER)
def a_second_column(chance: random.Random, scene: Scene) -> None:
    # 1: holds the class of the list, 0: hard, -1: holds none of it. Which of them a training wants, nobody can know
    scene.extra['stems'] = [f'{stem}  {chance.choice(["1", " 1"])}' for stem in scene.extra['stems']]

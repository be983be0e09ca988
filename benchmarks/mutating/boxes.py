"""What kinds of annotations of boxes share: pictures, random boxes in them, and the way through the project."""
from __future__ import annotations

import io
import math
import random
import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from PIL import Image

from common import ROOT

from .case import Answer, Kind, Mutant, Operators, Verdict
from .damage import DAMAGES

#: (width, height) of the pictures by name; none is square, so that exchanged sides are noticed.
PICTURES = {'part_1.png': (96, 64), 'part 2.jpg': (80, 60), '零件3.png': (64, 90), 'p-4.bmp': (120, 70),
            'p5.tif': (70, 100), '6.jpeg': (90, 66)}
CLASSES = ('scratch', '划痕', 'deep hole')
#: Pixels that a box may reach over the border, and below which detectors lose it.
BORDER, SMALLEST = 1.0, 1.0
NUMBER = re.compile(r'\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*', re.ASCII)


@dataclass
class Box:
    """Name of the class, corners in pixels of the picture, from 0, and whether it is to be ignored."""

    name: str
    x0: float
    y0: float
    x1: float
    y1: float
    ignored: bool = False


@dataclass
class Scene:
    """Boxes by picture; the last one has an object of every class and stays as it is.

    ``data`` are bytes in place of the drawn up file, ``folder`` is where it is written.
    """

    pictures: dict[str, list[Box]]
    folder: Path
    data: bytes | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def first(self) -> str:
        """The picture that things happen to."""
        return next(iter(self.pictures))

    def content(self) -> list[tuple]:
        """What training has to get."""
        return content((name, PICTURES[name], boxes) for name, boxes in self.pictures.items())


def content(pictures: Any) -> list[tuple]:
    """Sorted (name, size, sorted boxes) of (name, size, boxes)."""
    return sorted((name, tuple(size), sorted((box.name, box.ignored, *map(float, (box.x0, box.y0, box.x1, box.y1)))
                                             for box in boxes)) for name, size, boxes in pictures)


@cache
def picture_files() -> dict[str, bytes]:
    """All of :data:`PICTURES`, grey noise."""
    found = {}
    for name, (width, height) in PICTURES.items():
        pixels = np.random.default_rng(width).integers(0, 256, (height, width), dtype=np.uint8)
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, Image.registered_extensions()[Path(name).suffix])
        found[name] = file.getvalue()
    return found


def write_pictures(folder: Path) -> None:
    """All of them."""
    folder.mkdir(parents=True)
    for name, data in picture_files().items():
        (folder / name).write_bytes(data)


def random_box(chance: random.Random, size: tuple[int, int], name: str | None = None) -> Box:
    """Whole corners, sides of 6 pixels or more, a little away from the border."""
    width, height = chance.randint(6, size[0] // 2), chance.randint(6, size[1] // 2)
    x, y = chance.randint(2, size[0] - width - 2), chance.randint(2, size[1] - height - 2)
    return Box(name or chance.choice(CLASSES), x, y, x + width, y + height)


def random_scene(chance: random.Random, folder: Path) -> Scene:
    """Two or three pictures."""
    names = chance.sample(list(PICTURES), chance.randint(2, 3))
    pictures = {name: [random_box(chance, PICTURES[name]) for _ in range(chance.randint(1, 4))] for name in names}
    pictures[names[-1]] = [random_box(chance, PICTURES[names[-1]], name) for name in CLASSES]
    return Scene(pictures, folder)


def is_sound(corners: Sequence[float], size: tuple[int, int]) -> bool:
    """Whether corners x0, y0, x1, y1 are a box in a picture of this (width, height)."""
    if not all(map(math.isfinite, corners)):
        return False
    x0, y0, x1, y1 = corners
    return (x1 - x0 >= SMALLEST and y1 - y0 >= SMALLEST and min(x0, y0) >= -BORDER
            and x1 <= size[0] + BORDER and y1 <= size[1] + BORDER)


def strict_number(text: Any) -> float | None:
    """A number as every program writes it; None for what Python alone takes for one (1_0, full-width digits)."""
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        return float(text) if abs(text) < 1e300 else math.inf
    return float(text) if isinstance(text, str) and NUMBER.fullmatch(text) else None


class Annotations(Kind):
    """A format of annotations of boxes.

    Attributes:
        operators: On scenes, by name.
        base: Config of the data set, in configs/_base_/datasets.
        tolerance: Pixels by which corners may differ.
        options: What the data set's config says in place of the base config's.
    """

    operators: Operators
    base: str
    tolerance = 0.01
    options: Mapping[str, Any] = MappingProxyType({})

    def prepare(self) -> None:
        """See :meth:`Kind.prepare`."""
        from mmengine.config import Config

        from mminspect.core.setup import setup
        setup()
        import fdrd  # noqa: F401 (registers the components)
        config = Config.fromfile(ROOT / 'configs' / '_base_' / 'datasets' / f'{self.base}.py')
        self._config = config.train_dataloader.dataset.to_dict()

    def make(self, chance: random.Random, folder: Path) -> Mutant:
        """See :meth:`Kind.make`."""
        scene = random_scene(chance, folder)
        write_pictures(folder / self.picture_folder)
        if chance.random() < 0.3:
            return self._damaged(chance, scene)
        name = chance.choice(list(self.operators))
        self.draft(chance, scene)
        verdict = self.operators.apply(name, chance, scene)
        self.write(scene)
        return Mutant(name, verdict, None if verdict is Verdict.WRONG else scene.extra.get('content', scene.content()))

    def _damaged(self, chance: random.Random, scene: Scene) -> Mutant:
        name = chance.choice(list(DAMAGES))
        self.draft(chance, scene)
        scene.data = DAMAGES[name](chance, self.drawn_up(scene))
        self.write(scene)
        verdict, found = self.judged(scene)
        return Mutant(f'bytes: {name}', verdict, found)

    picture_folder = 'images'

    @abstractmethod
    def draft(self, chance: random.Random, scene: Scene) -> None:
        """Put into ``extra`` what operators change."""

    @abstractmethod
    def drawn_up(self, scene: Scene) -> bytes:
        """The file of the first picture, or of all."""

    @abstractmethod
    def write(self, scene: Scene) -> None:
        """Everything, with ``scene.data`` in place of :meth:`drawn_up` where that is set."""

    @abstractmethod
    def judged(self, scene: Scene) -> tuple[Verdict, list[tuple] | None]:
        """What an own, strict reader makes of damaged bytes."""

    def attempt(self, folder: Path) -> Answer:
        """The checks before a training, then what the training gets."""
        from mmdet.registry import DATASETS

        from mminspect.runtime import CHECKS
        config = {**self._config, 'data_root': f'{folder}/', 'metainfo': dict(classes=CLASSES), 'pipeline': [],
                  **self.options}
        warnings = [text for check in CHECKS.of('data') for text in check(dict(config))]
        dataset = DATASETS.build(dict(config))
        items = [dataset.get_data_info(index) for index in range(len(dataset))]
        classes = dataset.metainfo['classes']
        found = [(Path(item['img_path']).name, (item['width'], item['height']),
                  [Box(classes[one['bbox_label']], *one['bbox'], bool(one['ignore_flag']))
                   for one in item['instances']]) for item in items]
        return Answer(content(found), tuple(warnings))

    def equal(self, expected: list[tuple], found: list[tuple]) -> bool:
        """The same boxes of the same classes in the same pictures."""
        if [one[:2] for one in expected] != [one[:2] for one in found]:
            return False
        return all(_same(ours[2], theirs[2], self.tolerance) for ours, theirs in zip(expected, found, strict=True))


def _same(expected: list[tuple], found: list[tuple], tolerance: float) -> bool:
    """Each box has its own partner: sorting pairs them unless two are nearly equal, so that partners are searched."""
    left = list(found)
    for box in expected:
        partner = next((other for other in left if other[:2] == box[:2] and all(
            abs(a - b) <= tolerance for a, b in zip(box[2:], other[2:], strict=True))), None)
        if partner is None:
            return False
        left.remove(partner)
    return not left

"""Write the rendered demo set to a folder, in COCO and optionally also VOC layout; all of it or nothing.

::

    OUT/vials.json                       the parameters, so that a second run knows the set
    OUT/images/{train,val}/*.png
    OUT/annotations/{train,val}.json     COCO
    OUT/JPEGImages  Annotations  ImageSets/Main/{train,val}.txt     VOC, on request
"""
from __future__ import annotations

import json
import os
import shutil
import xml.etree.ElementTree as ET
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from mminspect.core.errors import UserError
from mminspect.experiments.rendered_set import make_set
from mminspect.vision.images import encode_png

from .vials import Particle, Vial, render_vial
from .vials_objects import KINDS

#: Raised whenever the same parameters give other pixels, so that an old set is not taken for a new one.
RENDERER_VERSION = 1
#: Of a picture, in pixels.
LARGEST_SIDE = 2**14
_SPLITS = ('train', 'val')
_PARAMETERS = 'vials.json'
_COMPRESSION = 3  # of PNG: noise hardly shrinks any further


@dataclass(frozen=True)
class VialsSpec:
    """What to render. ``size`` is (width, height) in pixels, ``empty`` the share of pictures without objects, 0..1.

    ``kinds``: five classes instead of the one class 'foreign'. ``voc``: also write VOC files.
    """

    train: int = 160
    val: int = 40
    size: tuple[int, int] = (320, 136)
    seed: int = 0
    empty: float = 0.1
    kinds: bool = False
    voc: bool = False

    @property
    def classes(self) -> tuple[str, ...]:
        """Category names in the order of their ids."""
        return KINDS if self.kinds else ('foreign',)

    def class_of(self, particle: Particle) -> str:
        """Category name of one object."""
        return particle.kind if self.kinds else 'foreign'

    def parameters(self) -> dict:
        """What the files depend on."""
        return dict(asdict(self), renderer=RENDERER_VERSION)


def make_vials(out: str | Path, spec: VialsSpec) -> bool:
    """Render a set into ``out``.

    Returns:
        False if ``out`` already holds this very set, which is then left alone.

    Raises:
        UserError: impossible parameters, or ``out`` holds anything else.
    """
    _check_spec(spec)
    return make_set(out, _PARAMETERS, spec.parameters(), partial(_render, spec), _is_whole)


def _check_spec(spec: VialsSpec) -> None:
    if spec.train < 1 or spec.val < 1:
        raise UserError('--train and --val must be at least 1: a set without images cannot be used')
    if min(spec.size) < 64 or spec.size[0] < spec.size[1]:
        raise UserError(f'--size {spec.size[0]} {spec.size[1]} is not possible: width first, both at least 64, and the '
                        'width not below the height, because the bottle lies')
    if spec.size[0] > LARGEST_SIDE:
        raise UserError(f'--size {spec.size[0]} {spec.size[1]} is not possible: give {LARGEST_SIDE} at most')
    if not 0 <= spec.empty < 1 or spec.seed < 0:
        raise UserError('--empty must be from 0 to below 1, and --seed not negative')


def _is_whole(root: Path) -> bool:
    """Whether the COCO files and all images they name are there."""
    try:
        lists = {split: json.loads((root / 'annotations' / f'{split}.json').read_text('utf-8')) for split in _SPLITS}
        return all((root / 'images' / split / image['file_name']).is_file()
                   for split, data in lists.items() for image in data['images'])
    except (OSError, ValueError, TypeError, KeyError):
        return False


def _render(spec: VialsSpec, root: Path) -> None:
    for split in _SPLITS:
        _write_split(root, spec, split)


def _write_split(root: Path, spec: VialsSpec, split: str) -> None:
    """Images, COCO file and, on request, VOC files of one split."""
    folder = root / 'images' / split
    folder.mkdir(parents=True)
    images, annotations = [], []
    for index in range(getattr(spec, split)):
        vial = render_vial((spec.seed, _SPLITS.index(split), index), spec.size, spec.empty)
        name = f'{split}_{index:05d}.png'
        (folder / name).write_bytes(encode_png(vial.image, _COMPRESSION))
        images.append(dict(id=index + 1, file_name=name, width=spec.size[0], height=spec.size[1]))
        for particle in vial.particles:
            annotations.append(dict(
                id=len(annotations) + 1, image_id=index + 1, bbox=list(particle.box), iscrowd=0,
                area=particle.box[2] * particle.box[3],
                category_id=spec.classes.index(spec.class_of(particle)) + 1))
        if spec.voc:
            _write_voc(root, spec, folder / name, vial)
    categories = [dict(id=n, name=name) for n, name in enumerate(spec.classes, 1)]
    (root / 'annotations').mkdir(exist_ok=True)
    (root / 'annotations' / f'{split}.json').write_text(
        json.dumps(dict(images=images, annotations=annotations, categories=categories)), encoding='utf-8')
    if spec.voc:
        main = root / 'ImageSets' / 'Main'
        main.mkdir(parents=True, exist_ok=True)
        (main / f'{split}.txt').write_text(''.join(f"{Path(i['file_name']).stem}\n" for i in images), encoding='utf-8')


def _write_voc(root: Path, spec: VialsSpec, image: Path, vial: Vial) -> None:
    """One XML file, and the image under JPEGImages (a hard link where the disk can).

    Corners count from 1, so that mmdet, which subtracts 1 from each of them, gets the boxes of the COCO file.
    """
    for name in ('JPEGImages', 'Annotations'):
        (root / name).mkdir(exist_ok=True)
    try:
        os.link(image, root / 'JPEGImages' / image.name)
    except OSError:
        shutil.copyfile(image, root / 'JPEGImages' / image.name)
    tree = ET.Element('annotation')
    ET.SubElement(tree, 'folder').text = 'JPEGImages'
    ET.SubElement(tree, 'filename').text = image.name
    _add_numbers(tree, 'size', dict(width=spec.size[0], height=spec.size[1], depth=3))
    for particle in vial.particles:
        x, y, w, h = particle.box
        node = ET.SubElement(tree, 'object')
        ET.SubElement(node, 'name').text = spec.class_of(particle)
        ET.SubElement(node, 'difficult').text = '0'
        _add_numbers(node, 'bndbox', dict(xmin=x + 1, ymin=y + 1, xmax=x + w + 1, ymax=y + h + 1))
    ET.indent(tree)
    ET.ElementTree(tree).write(root / 'Annotations' / f'{image.stem}.xml', encoding='utf-8')


def _add_numbers(parent: ET.Element, name: str, values: dict[str, int]) -> None:
    node = ET.SubElement(parent, name)
    for key, value in values.items():
        ET.SubElement(node, key).text = str(value)

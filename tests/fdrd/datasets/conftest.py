"""Small hand-made data sets, and the real one where it is at hand."""
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from helpers import shared


@pytest.fixture
def write_image() -> Callable[..., Path]:
    """write_image(path, width, height): a picture of random pixels in the format of the suffix."""

    def write(path: Path, width: int = 64, height: int = 48) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
        assert cv2.imwrite(str(path), pixels)
        return path

    return write


@pytest.fixture
def write_xml() -> Callable[..., Path]:
    """write_xml(path, objects, size, filename): objects are (name, xmin, ymin, xmax, ymax[, difficult])."""

    def write(path: Path, objects: list[tuple], size: tuple[int, int] | None = (64, 48), filename: str = '') -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = f'<annotation><filename>{filename}</filename>'
        if size:
            text += f'<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>'
        for name, xmin, ymin, xmax, ymax, *difficult in objects:
            text += f'<object><name>{name}</name><difficult>{int(bool(difficult))}</difficult>'
            text += (f'<bndbox><xmin>{xmin}</xmin><ymin>{ymin}</ymin><xmax>{xmax}</xmax><ymax>{ymax}</ymax></bndbox>'
                     '</object>')
        path.write_text(text + '</annotation>')
        return path

    return write


@pytest.fixture
def voc_root(tmp_path: Path, write_image: Callable, write_xml: Callable) -> Path:
    """64x48 images a.png, b.jpg, c.bmp with 2, 1 and 0 objects of hair and metal; lists train (a, b) and val (c, a)."""
    root = tmp_path / 'voc'
    objects = {'a': [('hair', 5, 6, 25, 16), ('metal', 31, 21, 36, 27, True)], 'b': [('metal', 1, 1, 64, 48)], 'c': []}
    for (stem, boxes), suffix in zip(objects.items(), ('.png', '.jpg', '.bmp'), strict=True):
        write_image(root / 'JPEGImages' / f'{stem}{suffix}')
        write_xml(root / 'Annotations' / f'{stem}.xml', boxes, filename=f'{stem}{suffix}')
    lists = root / 'ImageSets' / 'Main'
    lists.mkdir(parents=True)
    (lists / 'train.txt').write_text('a\nb\n')
    (lists / 'val.txt').write_text('c\na\n')
    return root


@pytest.fixture
def coco_data() -> dict:
    """A valid COCO file: two 64x48 images a.png (two objects) and b.png (none), categories hair and metal."""

    def box(number: int, category: int, *xywh: float) -> dict:
        return dict(id=number, image_id=1, category_id=category, bbox=list(xywh), area=xywh[2] * xywh[3], iscrowd=0)

    return dict(
        images=[dict(id=n, file_name=f'{name}.png', width=64, height=48) for n, name in enumerate('ab', 1)],
        annotations=[box(1, 1, 4, 5, 20, 10), box(2, 2, 30, 20, 5, 6)],
        categories=[dict(id=1, name='hair'), dict(id=2, name='metal')])


@pytest.fixture
def write_coco(tmp_path: Path, write_image: Callable) -> Callable[[dict], dict]:
    """write_coco(data): puts the file and its images below a folder and returns the data set's config."""

    def write(data: dict, images: bool = True) -> dict:
        root = tmp_path / 'coco'
        (root / 'annotations').mkdir(parents=True, exist_ok=True)
        (root / 'images').mkdir(exist_ok=True)
        (root / 'annotations' / 'train.json').write_text(json.dumps(data))
        for image in data['images'] if images else []:
            write_image(root / 'images' / image['file_name'], image['width'], image['height'])
        return dict(type='CocoDataset', data_root=f'{root}/', ann_file='annotations/train.json',
                    data_prefix=dict(img='images/'), metainfo=dict(classes=('hair', 'metal')))

    return write


@pytest.fixture(scope='session')
def deeppcb() -> Path:
    """Folder of the real data set DeepPCB; the test is skipped where it is absent."""
    return shared('data/deeppcb/annotations_coco').parent

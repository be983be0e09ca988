"""Seeded damage to the annotation files of every format: they are read, or refused in one sentence."""
from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from mmdet.registry import DATASETS
from mmengine.registry import DefaultScope

from fdrd.datasets import check_dataset_cfg
from mminspect.core.errors import UserError

TOKENS = [b'nan', b'Infinity', b'-1', b'0', b'1e400', b'9' * 400, b'9' * 5000, b'null', b'true', b'[]', b'{}', b'""',
          b'\0', b'\xff\xfe', b'\xef\xbb\xbf', b'../', b'/etc/passwd', b'&x;', b'<!DOCTYPE a [<!ENTITY x "y">]>', b'<',
          b'>', b'"', b'\n', b',', b':', b'*a', b'&a ', b'\xd5\xd5', b'1_0', b'[[' * 2000, b'<a>' * 99, b'x' * 300,
          b'\\ud800', b'~', b'2024-13-45', b'yes', b'18446744073709551616', b'gb2312', b'.png', b' -1', b'ignore']
ENCODINGS = ['utf-16', 'utf-16-le', 'utf-8-sig', 'gbk', 'utf-32']
CVAT = """<?xml version="1.0"?><annotations><image id="0" name="a.png" width="64" height="48">
<box label="hair" xtl="4.5" ytl="5" xbr="24.5" ybr="15" rotation="30"/>
<mask label="hair" left="3" top="4" width="5" height="6"/><polygon label="metal" points="30,20;35.5,22;33,26"/>
<ellipse label="metal" cx="30" cy="20" rx="5" ry="4"/></image></annotations>"""


def damaged(rng: random.Random, data: bytes) -> bytes:
    """One to four changes: bytes cut out, doubled, or replaced by what readers stumble over; or another encoding."""
    for _ in range(rng.choice([1, 1, 2, 4])):
        start = rng.randrange(len(data) + 1)
        end, kind = min(len(data), start + rng.choice([1, 2, 5, 20, 100])), rng.randrange(6)
        if kind == 0:
            data = data[:start] + data[end:]
        elif kind == 1:
            data = data[:start] + data[start:end] * 3 + data[end:]
        elif kind == 2:
            data = data[:start]
        elif kind == 3 and data.isascii():
            data = data.decode('ascii').encode(rng.choice(ENCODINGS))
        else:
            data = data[:start] + rng.choice(TOKENS) + data[end if kind == 4 else start:]
    return data


@pytest.fixture
def good(tmp_path: Path, write_image: Callable, write_coco: Callable, coco_data: dict, voc_root: Path) -> dict:
    """Format -> file to damage and config of the data set."""
    meta = dict(metainfo=dict(classes=('hair', 'metal')))
    folder = tmp_path / 'more'
    for name in 'ab':
        write_image(folder / 'images' / f'{name}.png')
        (folder / 'labels').mkdir(exist_ok=True)
        (folder / 'labels' / f'{name}.txt').write_text('0 0.25 0.5 0.125 0.25\n1 0.5 0.5 0.75 0.5 0.75 1\n')
    (folder / 'data.yaml').write_text('path: .\ntrain: images\nnames:\n  0: hair\n  1: metal\n')
    (folder / 'train.xml').write_text(CVAT)
    coco = write_coco(coco_data)
    voc = dict(meta, type='InspectionVOCDataset', data_root=str(voc_root), ann_file='ImageSets/Main/train.txt')
    yolo = dict(meta, type='InspectionYOLODataset', data_root=str(folder))
    cvat = dict(meta, type='InspectionCVATDataset', data_root=str(folder), ann_file='train.xml')
    return dict(
        coco=(Path(coco['data_root'], coco['ann_file']), coco), voc=(voc_root / 'Annotations' / 'a.xml', voc),
        list=(voc_root / 'ImageSets' / 'Main' / 'train.txt', voc), yaml=(folder / 'data.yaml', yolo),
        yolo=(folder / 'labels' / 'a.txt', yolo), cvat=(folder / 'train.xml', cvat))


@pytest.mark.parametrize('name', ['coco', 'voc', 'list', 'yaml', 'yolo', 'cvat'])
def test_damage_is_one_sentence_and_what_is_accepted_can_be_trained_on(name: str, good: dict) -> None:
    path, cfg = good[name]
    data, rng, refused = path.read_bytes(), random.Random(name), 0
    assert isinstance(check_dataset_cfg(cfg), list)
    for _ in range(120):
        path.write_bytes(bad := damaged(rng, data))
        try:
            check_dataset_cfg(cfg)
        except UserError as error:
            refused += 1
            assert 20 < len(str(error)) < 1500 and '\n' not in str(error), bad
        else:
            with DefaultScope.overwrite_default_scope('mmdet'):
                assert len(DATASETS.build(dict(cfg, serialize_data=False)).data_list)
    assert 40 < refused < 120


def test_values_of_any_kind_in_coco(good: dict, coco_data: dict) -> None:
    path, cfg = good['coco']
    values = [None, True, 0, -1, 1.5, float('nan'), 10**25, 10**400, '', 'x', '1', '\ud800', 'n' * 300, '../a.png', [],
              [1], [[]], {}, [None] * 4, [0.1, 0.2, 0.3, 0.4], [1e308] * 4]
    for key, entry, field in ((k, n, f) for k in coco_data for n, one in enumerate(coco_data[k]) for f in one):
        for value in values:
            data = json.loads(json.dumps(coco_data))
            data[key][entry][field] = value
            path.write_text(json.dumps(data))
            try:
                check_dataset_cfg(cfg)
            except UserError as error:
                assert '\n' not in str(error)

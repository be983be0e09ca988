from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmdet.datasets import CocoDataset
from pycocotools.coco import COCO

from fdrd.datasets import InspectionVOCDataset, check_dataset_cfg, vials_writer
from fdrd.datasets.vials import render_vial
from fdrd.datasets.vials_objects import KINDS
from fdrd.datasets.vials_writer import VialsSpec, make_vials
from helpers import content
from mminspect.core.errors import UserError

SPEC = VialsSpec(train=4, val=2, size=(160, 68), voc=True)


@pytest.fixture(scope='module')
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp('vials') / 'set'
    assert make_vials(out, SPEC)
    return out


def test_files_and_boxes(made: Path) -> None:
    coco = COCO(str(made / 'annotations' / 'train.json'))
    assert len(coco.imgs) == 4
    assert [c['name'] for c in coco.dataset['categories']] == ['foreign']
    for image_id, image in coco.imgs.items():
        vial = render_vial((0, 0, image_id - 1), (160, 68), 0.1)
        np.testing.assert_array_equal(cv2.imread(str(made / 'images' / 'train' / image['file_name'])), vial.image)
        boxes = [a['bbox'] for a in coco.imgToAnns[image_id]]
        assert boxes == [list(p.box) for p in vial.particles]
        assert all(a['area'] == a['bbox'][2] * a['bbox'][3] and not a['iscrowd'] for a in coco.imgToAnns[image_id])


def test_second_run_gives_the_same_bytes_elsewhere(made: Path, tmp_path: Path) -> None:
    make_vials(tmp_path / 'again', SPEC)
    assert content(tmp_path / 'again') == content(made)


def test_image_does_not_depend_on_the_number_of_images(made: Path, tmp_path: Path) -> None:
    make_vials(tmp_path / 'more', VialsSpec(train=5, val=1, size=(160, 68)))
    for name in ('train/train_00003.png', 'val/val_00000.png'):
        assert (tmp_path / 'more' / 'images' / name).read_bytes() == (made / 'images' / name).read_bytes()


def test_it_passes_the_checks_and_loads(made: Path) -> None:
    options = dict(metainfo=dict(classes=('foreign',)), data_root=f'{made}/')
    coco = dict(ann_file='annotations/train.json', data_prefix=dict(img='images/train/'), **options)
    voc = dict(ann_file='ImageSets/Main/train.txt', **options)
    check_dataset_cfg(dict(type='CocoDataset', **coco))
    check_dataset_cfg(dict(type='InspectionVOCDataset', **voc))
    a, b = (kind(serialize_data=False, **cfg) for kind, cfg in ((CocoDataset, coco), (InspectionVOCDataset, voc)))
    for index in range(4):
        assert a.get_data_info(index)['instances'] == b.get_data_info(index)['instances']


def test_five_classes(tmp_path: Path) -> None:
    make_vials(tmp_path / 'kinds', VialsSpec(train=3, val=1, size=(160, 68), kinds=True))
    data = json.loads((tmp_path / 'kinds' / 'annotations' / 'train.json').read_text())
    assert tuple(c['name'] for c in data['categories']) == KINDS
    drawn = [KINDS.index(p.kind) + 1 for n in range(3) for p in render_vial((0, 0, n), (160, 68)).particles]
    assert [a['category_id'] for a in data['annotations']] == drawn


def test_same_set_is_left_alone(made: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in made.rglob('*')}
    assert not make_vials(made, SPEC)
    assert {p: p.stat().st_mtime_ns for p in made.rglob('*')} == before


def test_other_parameters_or_content_are_refused(made: Path, tmp_path: Path) -> None:
    before = content(made)
    with pytest.raises(UserError, match=r"set' exists and is not a complete set of these parameters: give another"):
        make_vials(made, VialsSpec(train=4, val=2, size=(160, 68), voc=True, seed=1))
    assert content(made) == before
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine' / 'thesis.txt').write_text('x')
    with pytest.raises(UserError, match=r"mine' exists"):
        make_vials(tmp_path / 'mine', SPEC)


def test_incomplete_set_is_refused(tmp_path: Path) -> None:
    spec = VialsSpec(train=1, val=1, size=(160, 68))
    (tmp_path / 'set').mkdir()
    assert make_vials(tmp_path / 'set', spec)  # an empty folder is fine
    (tmp_path / 'set' / 'images' / 'val' / 'val_00000.png').unlink()
    with pytest.raises(UserError, match='not a complete set'):
        make_vials(tmp_path / 'set', spec)


def test_nothing_is_left_of_an_interrupted_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(vials_writer, '_write_voc', interrupt)
    with pytest.raises(KeyboardInterrupt):
        make_vials(tmp_path / 'set', SPEC)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('spec', [VialsSpec(train=0), VialsSpec(size=(136, 320)), VialsSpec(size=(40, 20)),
                                  VialsSpec(empty=1.0), VialsSpec(seed=-1)])
def test_impossible_parameters(tmp_path: Path, spec: VialsSpec) -> None:
    with pytest.raises(UserError, match=r'must|not possible'):
        make_vials(tmp_path / 'set', spec)
    assert not (tmp_path / 'set').exists()

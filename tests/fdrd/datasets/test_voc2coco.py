from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from mmdet.datasets import CocoDataset
from pycocotools.coco import COCO

from fdrd.datasets import InspectionVOCDataset
from fdrd.datasets.voc2coco import VOCLayout, convert, split_stems
from mminspect.core.errors import UserError


def test_existing_lists_are_converted(voc_root: Path, tmp_path: Path) -> None:
    lines = convert(VOCLayout(voc_root), tmp_path / 'out')
    assert lines[0] == 'train: 2 images, 3 boxes (1 difficult), classes hair, metal'
    assert sorted(p.name for p in (tmp_path / 'out').iterdir()) == [
        'instances_train.json', 'instances_val.json', 'train.txt', 'val.txt']
    data = json.loads((tmp_path / 'out' / 'instances_train.json').read_text())
    assert data == dict(
        images=[dict(id=1, file_name='a.png', width=64, height=48), dict(id=2, file_name='b.jpg', width=64, height=48)],
        annotations=[
            dict(id=1, image_id=1, category_id=1, bbox=[4, 5, 20, 10], area=200, iscrowd=0),
            dict(id=2, image_id=1, category_id=2, bbox=[30, 20, 5, 6], area=30, iscrowd=1),
            dict(id=3, image_id=2, category_id=2, bbox=[0, 0, 63, 47], area=63 * 47, iscrowd=0)],
        categories=[dict(id=1, name='hair'), dict(id=2, name='metal')])
    assert (tmp_path / 'out' / 'val.txt').read_text() == 'c\na\n'


def test_pycocotools_loads_it(voc_root: Path, tmp_path: Path) -> None:
    convert(VOCLayout(voc_root), tmp_path / 'out')
    coco = COCO(str(tmp_path / 'out' / 'instances_train.json'))
    assert coco.getAnnIds(imgIds=[1]) == [1, 2]
    assert coco.getAnnIds(imgIds=[1], iscrowd=True) == [2]
    assert coco.getCatIds(catNms=['metal']) == [2]


@pytest.mark.parametrize('offset', [0, 1])
def test_same_training_boxes_as_reading_voc(voc_root: Path, tmp_path: Path, offset: int) -> None:
    convert(VOCLayout(voc_root, offset=offset), tmp_path / 'out')
    options = dict(metainfo=dict(classes=('hair', 'metal')), data_root=str(voc_root), serialize_data=False)
    coco = CocoDataset(ann_file=str(tmp_path / 'out' / 'instances_train.json'), data_prefix=dict(img='JPEGImages'),
                       **options)
    voc = InspectionVOCDataset(ann_file='ImageSets/Main/train.txt', coordinate_offset=offset, **options)
    for index in range(2):
        a, b = coco.get_data_info(index), voc.get_data_info(index)
        assert a['instances'] == b['instances']
        assert Path(a['img_path']) == Path(b['img_path'])


def test_split_is_seeded_disjoint_and_complete(tmp_path: Path, write_xml: Callable) -> None:
    for number in range(50):
        write_xml(tmp_path / 'Annotations' / f'{number:02d}.xml', [])
    write_xml(tmp_path / 'Annotations' / '._00.xml', [])
    layout = VOCLayout(tmp_path)
    first = split_stems(layout, [0.8], seed=3)
    assert first == split_stems(layout, [0.8], seed=3) != split_stems(layout, [0.8], seed=4)
    assert {name: len(stems) for name, stems in first.items()} == {'train': 40, 'val': 10}
    assert sorted(first['train'] + first['val']) == [f'{n:02d}' for n in range(50)]
    three = split_stems(layout, [0.8, 0.1], seed=3)
    assert {name: len(stems) for name, stems in three.items()} == {'train': 40, 'val': 5, 'test': 5}
    assert three['train'] == first['train']
    assert set(split_stems(layout, [0.8, 0.2], seed=3)) == {'train', 'val'}


@pytest.mark.parametrize('split', [[0.0], [1.0], [1.2], [0.8, 0.4], [-0.5]])
def test_impossible_split(voc_root: Path, split: list[float]) -> None:
    with pytest.raises(UserError, match='is not possible: give fractions'):
        split_stems(VOCLayout(voc_root), split, 0)


def test_too_few_images_for_a_split(voc_root: Path) -> None:
    with pytest.raises(UserError, match=r'3 images in .* are too few'):
        split_stems(VOCLayout(voc_root), [0.9], 0)


def test_no_lists_and_no_split(voc_root: Path) -> None:
    for path in (voc_root / 'ImageSets' / 'Main').iterdir():
        path.unlink()
    with pytest.raises(UserError, match=r'has no ImageSets/Main/train.txt.*give --split 0.8'):
        split_stems(VOCLayout(voc_root), None, 0)


def test_no_annotations(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there are no .xml files in '.*Annotations': give the folder"):
        split_stems(VOCLayout(tmp_path), [0.8], 0)


def test_order_of_classes_is_kept_and_unknown_ones_refused(voc_root: Path, tmp_path: Path) -> None:
    convert(VOCLayout(voc_root), tmp_path / 'out', classes=['metal', 'glass', 'hair'])
    data = json.loads((tmp_path / 'out' / 'instances_train.json').read_text())
    assert [c['name'] for c in data['categories']] == ['metal', 'glass', 'hair']
    assert [a['category_id'] for a in data['annotations']] == [3, 1, 1]
    with pytest.raises(UserError, match=r"a.xml' has an object of class 'hair'"):
        convert(VOCLayout(voc_root), tmp_path / 'other', classes=['metal'])
    assert not (tmp_path / 'other').exists()


def test_size_of_the_file_is_verified(voc_root: Path, tmp_path: Path, write_image: Callable) -> None:
    write_image(voc_root / 'JPEGImages' / 'b.jpg', 32, 24)
    with pytest.raises(UserError, match=r"b.jpg' has 32x24 pixels but .* says 64x48"):
        convert(VOCLayout(voc_root), tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_size_is_taken_from_the_file_if_the_xml_has_none(voc_root: Path, tmp_path: Path, write_xml: Callable) -> None:
    write_xml(voc_root / 'Annotations' / 'b.xml', [('hair', 2, 2, 65, 49)], size=None)
    convert(VOCLayout(voc_root), tmp_path / 'out')
    data = json.loads((tmp_path / 'out' / 'instances_train.json').read_text())
    assert (data['images'][1]['width'], data['images'][1]['height']) == (64, 48)


@pytest.mark.parametrize(('corners', 'message'), [
    ((9, 9, 9, 20), 'has zero or negative size'), ((60, 9, 80, 20), 'lies outside its image'),
])
def test_bad_box_names_image_and_object(voc_root: Path, tmp_path: Path, write_xml: Callable, corners: tuple,
                                        message: str) -> None:
    write_xml(voc_root / 'Annotations' / 'b.xml', [('hair', *corners)])
    with pytest.raises(UserError, match=rf"object 1 \(hair\) of image 'b'.* {message}"):
        convert(VOCLayout(voc_root), tmp_path / 'out')


def test_again_is_fine_but_other_content_is_kept(voc_root: Path, tmp_path: Path) -> None:
    convert(VOCLayout(voc_root), tmp_path / 'out')
    before = (tmp_path / 'out' / 'instances_train.json').read_bytes()
    convert(VOCLayout(voc_root), tmp_path / 'out')
    with pytest.raises(UserError, match=r"instances_train.json' exists with other content"):
        convert(VOCLayout(voc_root, offset=0), tmp_path / 'out')
    assert (tmp_path / 'out' / 'instances_train.json').read_bytes() == before


def test_what_is_in_no_split_is_counted_by_reason(voc_root: Path, tmp_path: Path, write_image: Callable,
                                                  write_xml: Callable) -> None:
    images, annotations = voc_root / 'JPEGImages', voc_root / 'Annotations'
    for name in ('new.png', '._a.png', 'sub/a_mask.png', '@eaDir/a.png', 'b.png'):
        write_image(images / name)
    (images / 'Thumbs.db').touch()
    (images / 'notes.odt').touch()
    (images / 'round').symlink_to(images)
    told = next(line for line in convert(VOCLayout(voc_root), tmp_path / 'lists') if 'JPEGImages' in line)
    assert told.startswith(f"warning: in '{images}' 3 images taken; left out: 3 without an annotation or in no list "
                           f'(first: {images}/b.png), ')  # b.jpg is the one of the list
    assert f'1 hidden (first: {images}/._a.png)' in told and f'1 in folders of the system (first: {images}/@' in told
    assert '1 of other kinds (1 .odt)' in told and '6 in folders that were reached before' in told

    write_xml(annotations / 'deep' / 'new.xml', [('hair', 2, 2, 9, 9)])
    write_image(images / 'deep' / 'new.png')
    for name in ('a.XML', '.b.xml', '__MACOSX/a.xml'):
        write_xml(annotations / name, [])
    (annotations / 'round').symlink_to(annotations)
    lines = convert(VOCLayout(voc_root), tmp_path / 'random', [0.5], seed=1)
    assert sum(int(line.split(': ')[1].split(' ')[0]) for line in lines[:2]) == 4
    told = next(line for line in lines if 'Annotations' in line)
    assert told.startswith(f"warning: in '{annotations}' 4 annotations taken; left out: 1 hidden (first: ")
    assert '1 in folders of the system' in told
    assert f'1 of the name of another one but for the case of the suffix (first: {annotations}/a.XML)' in told


def test_images_and_annotations_in_one_folder(voc_root: Path, tmp_path: Path) -> None:
    for path in (voc_root / 'Annotations').iterdir():
        path.rename(voc_root / 'JPEGImages' / path.name)
    layout = VOCLayout(voc_root, annotations='JPEGImages')
    assert not any('left out' in line for line in convert(layout, tmp_path / 'out', [0.7]))


def test_real_data_gives_its_own_coco_boxes(deeppcb: Path, tmp_path: Path) -> None:
    classes = ['open', 'short', 'mousebite', 'spur', 'copper', 'pin_hole']
    convert(VOCLayout(deeppcb, offset=0), tmp_path, classes=classes)
    for split in ('train', 'val'):
        shipped = json.loads((deeppcb / 'annotations_coco' / f'instances_{split}.json').read_text())
        ours = json.loads((tmp_path / f'instances_{split}.json').read_text())
        assert boxes_by_file(ours) == boxes_by_file(shipped)


def boxes_by_file(data: dict) -> dict[str, list[tuple]]:
    """(category name, bbox, area) of every image, by file name."""
    images = {image['id']: image['file_name'] for image in data['images']}
    names = {category['id']: category['name'] for category in data['categories']}
    boxes: dict[str, list[tuple]] = {name: [] for name in images.values()}
    for a in data['annotations']:
        boxes[images[a['image_id']]].append((names[a['category_id']], tuple(a['bbox']), a['area']))
    return {name: sorted(found) for name, found in boxes.items()}

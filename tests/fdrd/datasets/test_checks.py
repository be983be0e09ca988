from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from mmengine.config import ConfigDict

from fdrd.datasets import check_dataset_cfg, given_data
from fdrd.datasets.checks import check_split
from helpers import ROOT
from mminspect.core.errors import UserError

CASES = ROOT / 'tests' / 'cases' / 'images'
DIFFICULT = "'{}': {} of {} boxes are labels; 1 ignored: 1 marked difficult (object 2 (metal) of 'a')"


def voc_cfg(root: Path, **changes: object) -> dict:
    return dict(dict(type='InspectionVOCDataset', data_root=f'{root}/', ann_file='ImageSets/Main/train.txt',
                     metainfo=dict(classes=('hair', 'metal'))), **changes)


def error_of(cfg: dict) -> str:
    with pytest.raises(UserError) as error:
        check_dataset_cfg(cfg)
    return ' '.join(str(error.value).split())


def test_good_coco_gives_warnings_only(coco_data: dict, write_coco: Callable) -> None:
    warnings = check_dataset_cfg(write_coco(coco_data))
    assert [w.split(': ')[1] for w in warnings] == ['1 of 2 images have no object']


def test_good_voc_gives_warnings_only(voc_root: Path) -> None:
    assert check_dataset_cfg(voc_cfg(voc_root)) == [DIFFICULT.format(f'{voc_root}/ImageSets/Main/train.txt', 2, 3)]
    warnings = check_dataset_cfg(voc_cfg(voc_root, ann_file='ImageSets/Main/val.txt'))
    source = f'{voc_root}/ImageSets/Main/val.txt'
    assert warnings == [DIFFICULT.format(source, 1, 2), f"'{source}': class 'metal' has no object",
                        f"'{source}': 1 of 2 images have no object"]


@pytest.mark.parametrize(('name', 'white'), [('float32_01.tif', 1.0), ('int16_signed_negative.tif', 32767)])
def test_numbers_of_unknown_white_are_refused_unless_it_is_declared(voc_root: Path, name: str, white: float) -> None:
    shutil.copy(CASES / name, voc_root / 'JPEGImages' / 'a.png')
    load = dict(type='LoadInspectionImage')
    assert re.search(r"a\.png' is of numbers whose value of white is not known", error_of(voc_cfg(voc_root,
                                                                                                 pipeline=[load])))
    assert len(check_dataset_cfg(voc_cfg(voc_root, pipeline=[dict(load, max_value=white)]))) == 1  # a label is ignored


def test_12_bits_and_orientations_are_told(voc_root: Path) -> None:
    for name, suffix in (('grey12in16.tif', 'a.png'), ('exif180.jpg', 'b.jpg')):
        shutil.copy(CASES / name, voc_root / 'JPEGImages' / suffix)
    texts = check_dataset_cfg(voc_cfg(voc_root, pipeline=[dict(type='LoadInspectionImage')]))
    assert any('1 of 2 images carry an EXIF orientation and are turned' in text for text in texts)
    assert any('none of 1 images with 16 bits has a value above 4095' in text for text in texts)
    texts = check_dataset_cfg(voc_cfg(voc_root, pipeline=[dict(type='LoadInspectionImage', max_value=4095)]))
    assert not any('16 bits' in text for text in texts)


@pytest.mark.parametrize('name', ['grey16.tif', 'grey12packed.tif', 'cmyk.jpg', 'grey16_white0.tif'])
def test_what_loaders_of_others_show_otherwise_is_refused(voc_root: Path, name: str) -> None:
    pipeline = [dict(type='LoadImageFromFile')]
    assert len(check_dataset_cfg(voc_cfg(voc_root, pipeline=pipeline))) == 1
    shutil.copy(CASES / name, voc_root / 'JPEGImages' / 'a.png')
    assert re.search(r"a\.png' is of a kind that LoadImageFromFile shows otherwise .* put LoadInspectionImage in its",
                     error_of(voc_cfg(voc_root, pipeline=pipeline)))


def test_wrappers_are_unwrapped(coco_data: dict, write_coco: Callable, voc_root: Path) -> None:
    coco = dict(type='RepeatDataset', times=2, dataset=dict(type='ClassBalancedDataset', dataset=write_coco(coco_data)))
    both = ConfigDict(type='ConcatDataset', datasets=[voc_cfg(voc_root), coco])
    assert [w.split(': ')[1] for w in check_dataset_cfg(both)] == [
        '2 of 3 boxes are labels; 1 ignored', '1 of 2 images have no object']
    both.datasets[1].dataset.dataset.ann_file = 'none.json'
    assert 'none.json' in error_of(both)


def test_what_is_not_checked_is_said() -> None:
    assert 'is not checked' in check_dataset_cfg(dict(type='CrowdHumanDataset'))[0]
    assert check_dataset_cfg(dict(type='SomethingElse')) == []  # of another package, which has its own check
    remote = dict(type='CocoDataset', data_root='s3://bucket/', ann_file='train.json')
    assert check_dataset_cfg(remote) == ["'s3://bucket/train.json' is not a local file and was not checked"]


def test_missing_empty_and_broken_annotation_file(coco_data: dict, write_coco: Callable) -> None:
    cfg = write_coco(coco_data)
    path = Path(cfg['data_root'], cfg['ann_file'])
    path.write_text('{"images"')
    assert re.search(r"train.json' is not valid JSON .*: export or copy it again", error_of(cfg))
    path.write_text('')
    assert re.search(r"train.json' is empty: export or copy it again", error_of(cfg))
    path.unlink()
    assert re.search(r"train.json' does not exist: correct data_root or ann_file in the config", error_of(cfg))


def test_coco_without_objects(coco_data: dict, write_coco: Callable) -> None:
    coco_data['annotations'] = []
    assert re.search(r"train.json' lists 2 images but not one annotated object: add", error_of(write_coco(coco_data)))


def test_one_class_without_comma(coco_data: dict, write_coco: Callable) -> None:
    cfg = dict(write_coco(coco_data), metainfo=dict(classes=('foreign')))  # the mistake itself
    assert re.search(r"is the text 'foreign' instead of a tuple.*classes=\('foreign',\)", error_of(cfg))


def test_class_list_in_a_file_is_read_as_mmengine_does(coco_data: dict, write_coco: Callable, tmp_path: Path) -> None:
    (tmp_path / 'classes.txt').write_text('hair\nmetal\n')
    cfg = dict(write_coco(coco_data), metainfo=dict(classes=str(tmp_path / 'classes.txt')))
    assert len(check_dataset_cfg(cfg)) == 1


def test_class_names_that_do_not_match(coco_data: dict, write_coco: Callable) -> None:
    text = error_of(dict(write_coco(coco_data), metainfo=dict(classes=('hair', 'Metall'))))
    assert "metainfo has ('hair', 'Metall') and the file has ('hair', 'metal')" in text
    assert "nearest to 'Metall': 'metal'" in text
    names = {category['id']: category['name'] for category in coco_data['categories']}
    for name in ('hair', 'metal'):
        count = sum(names[annotation['category_id']] == name for annotation in coco_data['annotations'])
        assert re.search(rf"{count}( objects?)? of '{name}'", text), text
    assert 'train.json' in text


def test_class_names_in_another_order(coco_data: dict, write_coco: Callable) -> None:
    text = error_of(dict(write_coco(coco_data), metainfo=dict(classes=('metal', 'hair'))))
    assert "use classes=('hair', 'metal')" in text


def test_class_named_twice(coco_data: dict, write_coco: Callable) -> None:
    assert "name 'hair' more than once" in error_of(
        dict(write_coco(coco_data), metainfo=dict(classes=('hair', 'metal', 'hair'))))


def test_metainfo_forgotten(coco_data: dict, write_coco: Callable, voc_root: Path) -> None:
    cfg = write_coco(coco_data)
    del cfg['metainfo']
    assert "add metainfo=dict(classes=('hair', 'metal'))" in error_of(cfg)
    assert 'has no class names: add metainfo' in error_of(voc_cfg(voc_root, metainfo=None))


def test_unused_category_is_a_warning_with_its_objects(coco_data: dict, write_coco: Callable) -> None:
    warnings = check_dataset_cfg(dict(write_coco(coco_data), metainfo=dict(classes=('hair',))))
    assert any("categories ('metal',) are not among the classes" in w for w in warnings)
    assert any("1 of 2 boxes are labels; 1 dropped: 1 of category 'metal', which metainfo does not list "
               "(annotation 2 of 'a.png')" in w for w in warnings)


def test_box_outside_names_image_annotation_and_count(coco_data: dict, write_coco: Callable) -> None:
    for annotation in coco_data['annotations']:
        annotation['bbox'] = [60, 40, 20, 20]
    text = error_of(write_coco(coco_data))
    assert re.search(r"annotation 1 of image 'a.png' of 64x48 pixels in '.*train.json' lies outside its image", text)
    assert text.endswith('(x, y, width, height = 60, 40, 20, 20); 1 more box like it: correct it')


@pytest.mark.parametrize('box', [[60, 40, 0, 3], [60, 40, -2, 3], [30, 20, 5, 0]])
def test_box_of_zero_size(box: list, coco_data: dict, write_coco: Callable) -> None:
    coco_data['annotations'][1]['bbox'] = box
    assert any("1 of 2 boxes are labels; 1 dropped: 1 of zero or negative size (annotation 2 of 'a.png')" in w
               for w in check_dataset_cfg(write_coco(coco_data)))
    coco_data['annotations'][0]['bbox'] = box
    assert re.search(r"train.json' gives no object to learn, though it lists 2: 2 of zero or negative size "
                     r"\(annotation 1 of 'a.png', annotation 2 of 'a.png'\); correct", error_of(write_coco(coco_data)))


def test_missing_folder_prefix_and_image(coco_data: dict, write_coco: Callable) -> None:
    cfg = write_coco(coco_data, images=False)
    assert re.search(r"image file 'a.png' of .* is not in '.*images'; 1 more image like it: copy it", error_of(cfg))
    assert 'pictures' in error_of(dict(cfg, data_prefix=dict(img='pictures/')))
    assert "add data_prefix=dict(img='...')" in error_of(dict(cfg, data_prefix={}))
    assert 'has no ann_file' in error_of(dict(cfg, ann_file=''))


@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.bmp'])
def test_truncated_image(coco_data: dict, write_coco: Callable, suffix: str) -> None:
    for image in coco_data['images']:
        image['file_name'] = Path(image['file_name']).stem + suffix
    cfg = write_coco(coco_data)
    path = Path(cfg['data_root'], 'images', f'b{suffix}')
    path.write_bytes(path.read_bytes()[:-300])
    assert re.search(rf"image file '.*b{suffix}' is truncated: copy it again", error_of(cfg))


def test_image_of_other_size(coco_data: dict, write_coco: Callable, write_image: Callable) -> None:
    cfg = write_coco(coco_data)
    write_image(Path(cfg['data_root'], 'images', 'b.png'), 20, 10)
    assert re.search(r"b.png' has 20x10 pixels but '.*train.json' says 64x48", error_of(cfg))


def test_order_of_the_checks(coco_data: dict, write_coco: Callable) -> None:
    """Classes before boxes before images: the cheapest and most telling first."""
    coco_data['annotations'][0]['bbox'] = [60, 40, 20, 20]
    cfg = write_coco(coco_data, images=False)
    assert 'class names do not match' in error_of(dict(cfg, metainfo=dict(classes=('x',))))
    assert 'lies outside' in error_of(cfg)


def test_voc_without_objects(voc_root: Path, write_xml: Callable) -> None:
    for stem in 'ab':
        write_xml(voc_root / 'Annotations' / f'{stem}.xml', [])
    assert re.search(r"train.txt' lists 2 images but not one annotated object", error_of(voc_cfg(voc_root)))


def test_voc_class_unknown(voc_root: Path, write_xml: Callable) -> None:
    write_xml(voc_root / 'Annotations' / 'b.xml', [('Metall', 2, 2, 9, 9), ('metal', 2, 2, 9, 9)])
    text = error_of(voc_cfg(voc_root))
    assert 'b.xml' in text
    assert "has an object of class 'Metall', which is not one of the classes" in text
    assert "nearest: 'metal'" in text
    objects = [re.findall('<name>(.*?)</name>', path.read_text()) for path in voc_root.glob('Annotations/*.xml')]
    for name in ('hair', 'metal', 'Metall'):
        assert re.search(rf"{sum(words.count(name) for words in objects)}( objects?)? of '{name}'", text), text


def test_voc_xml_broken_or_missing(voc_root: Path) -> None:
    path = voc_root / 'Annotations' / 'b.xml'
    path.write_text('<annotation>')
    assert re.search(r"b.xml' is not valid XML", error_of(voc_cfg(voc_root)))
    path.unlink()
    assert re.search(r"b.xml' does not exist", error_of(voc_cfg(voc_root)))


def test_voc_values_from_zero_are_hinted_at(voc_root: Path, write_xml: Callable) -> None:
    write_xml(voc_root / 'Annotations' / 'b.xml', [('metal', 0, 5, 9, 9)])
    warnings = check_dataset_cfg(voc_cfg(voc_root))
    assert any('coordinate_offset=0' in w for w in warnings)
    source = f'{voc_root}/ImageSets/Main/train.txt'
    assert check_dataset_cfg(voc_cfg(voc_root, coordinate_offset=0)) == [DIFFICULT.format(source, 2, 3)]


def test_voc_class_without_objects_is_a_warning(voc_root: Path) -> None:
    warnings = check_dataset_cfg(voc_cfg(voc_root, metainfo=dict(classes=('hair', 'metal', 'glass'))))
    assert [w.split(': ')[1] for w in warnings] == ['2 of 3 boxes are labels; 1 ignored', "class 'glass' has no object"]


def test_a_voc_box_twice_is_told(voc_root: Path, write_xml: Callable) -> None:
    box = (5, 6, 25, 16)
    write_xml(voc_root / 'Annotations' / 'a.xml', [('hair', *box), ('metal', *box), ('hair', *box)])
    (text, ) = (text for text in check_dataset_cfg(voc_cfg(voc_root)) if 'repeat another' in text)
    assert '1 labels repeat another of their image, of the same place and class (object 3 (hair) of' in text


def test_voc_image_missing(voc_root: Path) -> None:
    (voc_root / 'JPEGImages' / 'b.jpg').rename(voc_root / 'JPEGImages' / '.b.jpg')
    assert re.search(r"image file 'b' of '.*train.txt' is not in", error_of(voc_cfg(voc_root)))


def test_stock_xml_dataset_finds_jpg_only(voc_root: Path) -> None:
    cfg = voc_cfg(voc_root, type='mmdet.XMLDataset', data_prefix=dict(sub_data_root=''))
    assert "image file 'a' of" in error_of(cfg)
    shutil.copy(voc_root / 'JPEGImages' / 'b.jpg', voc_root / 'JPEGImages' / 'a.jpg')
    assert check_dataset_cfg(cfg) == [DIFFICULT.format(f'{voc_root}/ImageSets/Main/train.txt', 2, 3)]


def test_real_data_is_checked_in_seconds(deeppcb: Path) -> None:
    classes = ('open', 'short', 'mousebite', 'spur', 'copper', 'pin_hole')
    coco = dict(type='CocoDataset', data_root=str(deeppcb), ann_file='annotations_coco/instances_train.json',
                data_prefix=dict(img='JPEGImages/'), metainfo=dict(classes=classes))
    start = time.process_time()
    assert check_dataset_cfg(coco) == []
    assert check_dataset_cfg(voc_cfg(deeppcb, metainfo=dict(classes=classes), coordinate_offset=0)) == []
    assert time.process_time() - start < 5


def test_what_is_dropped_of_coco_is_counted_by_reason(coco_data: dict, write_coco: Callable) -> None:
    """Every way in which mmdet leaves an annotation out; the numbers are those of the data set itself."""
    good = dict(coco_data['annotations'][0])
    odd = [dict(iscrowd=1), dict(iscrowd=1), dict(ignore=True), dict(bbox=[70, 5, 9, 9]), dict(bbox=[5, -9, 9, 9]),
           dict(area=0), dict(bbox=[4, 5, 0.5, 10]), dict(bbox=[4, 5, 20, 0.9]), dict(bbox=[4, 5, 20, 0.8]),
           dict(bbox=[4, 5, 20, 0.7]), dict(area=-1)]
    coco_data['annotations'] = [dict(good, id=number, **one) for number, one in enumerate([{}, *odd], 1)]
    [found] = given_data(cfg := write_coco(coco_data))
    assert (found.listed_images, found.images, found.listed_boxes, found.boxes) == (2, 2, 12, 1)
    assert found.labels == dict(hair=1, metal=0) and found.fullest == ('a.png', 1)
    assert {reason: len(names) for reason, names in found.ignored.items()} == {'marked as crowd': 2}
    assert {reason: len(names) for reason, names in found.dropped.items()} == {
        'marked "ignore"': 1, 'outside of the image': 2, 'with an area of 0 or less': 2, 'with a side below 1 px': 4}
    [text] = [w.split(': ', 1)[1] for w in check_dataset_cfg(cfg) if 'boxes are labels' in w]
    assert text.startswith("1 of 12 boxes are labels; 2 ignored: 2 marked as crowd (annotation 2 of 'a.png', "
                           "annotation 3 of 'a.png'); 9 dropped: 1 marked \"ignore\" (annotation 4 of 'a.png'), 2 ")
    assert text.endswith("4 with a side below 1 px (annotation 8 of 'a.png', annotation 9 of 'a.png', annotation 10 of "
                         "'a.png', ...)")


@pytest.mark.parametrize(('change', 'reason'), [
    (dict(iscrowd=1), '2 marked as crowd'), (dict(area=0), '2 with an area of 0 or less'),
    (dict(ignore=1), '2 marked "ignore"'),
    (dict(bbox=[80, 9, 9, 9]), '2 outside of the image'), (dict(bbox=[5, 5, 0.5, 3]), '2 with a side below 1 px')])
def test_nothing_left_of_coco_is_an_error(change: dict, reason: str, coco_data: dict, write_coco: Callable) -> None:
    for annotation in coco_data['annotations']:
        annotation.update(change)
    text = error_of(write_coco(coco_data))
    assert f"train.json' gives no object to learn, though it lists 2: {reason}" in text
    assert "(annotation 1 of 'a.png', annotation 2 of 'a.png'); correct the file" in text


def test_filters_of_the_config_are_counted(coco_data: dict, write_coco: Callable, voc_root: Path) -> None:
    cfg = dict(write_coco(coco_data), filter_cfg=dict(filter_empty_gt=True, min_size=32))
    assert any("1 of 2 images are used; left out are 1 without an object, by filter_empty_gt ('b.png')" in w
               for w in check_dataset_cfg(cfg))
    text = error_of(dict(cfg, filter_cfg=dict(min_size=50)))
    assert "gives none of its 2 images: 2 smaller than min_size=50 of filter_cfg ('a.png', 'b.png'); correct" in text
    assert check_dataset_cfg(dict(cfg, filter_cfg=dict(min_size=50), test_mode=True))  # filters are for training
    shutil.copy(voc_root / 'JPEGImages' / 'b.jpg', voc_root / 'JPEGImages' / 'a.jpg')
    stock = voc_cfg(voc_root, type='mmdet.XMLDataset', data_prefix=dict(sub_data_root=''),
                    filter_cfg=dict(bbox_min_size=100))
    assert re.search(r'gives no object to learn, though it lists 3: .*2 smaller than bbox_min_size=100',
                     error_of(stock))


def test_tiles_are_counted_by_object(coco_data: dict, write_coco: Callable) -> None:
    """An object that two tiles show is one; one that no tile shows enough of is none."""
    coco_data['annotations'][0]['bbox'], coco_data['annotations'][1]['bbox'] = [20, 2, 24, 20], [40, 20, 5, 6]
    cfg = dict(write_coco(coco_data), type='TiledCocoDataset', tile=32, overlap=0, min_visible=0.3)
    [found] = given_data(cfg)
    assert found.boxes == 2 and not found.ignored
    [found] = given_data(dict(cfg, min_visible=0.9))
    assert found.labels == dict(hair=0, metal=1)
    assert found.ignored == {'cut off in every tile': ["annotation 1 of 'a.png'"]}


def test_what_a_stock_data_set_cannot_read_is_one_sentence(voc_root: Path) -> None:
    shutil.copy(voc_root / 'JPEGImages' / 'b.jpg', voc_root / 'JPEGImages' / 'a.jpg')
    cfg = voc_cfg(voc_root, type='mmdet.XMLDataset', data_prefix=dict(sub_data_root=''))
    path = voc_root / 'Annotations' / 'a.xml'
    path.write_text(path.read_text().replace('<width>64<', '<width>64.0<'))
    assert re.search(r"XMLDataset cannot read '.*train.txt' \(ValueError: .*64.0.*\): use InspectionVOCDataset",
                     error_of(cfg))
    assert check_dataset_cfg(voc_cfg(voc_root))


def test_images_in_training_and_test(coco_data: dict, write_coco: Callable, voc_root: Path) -> None:
    train, val = voc_cfg(voc_root), voc_cfg(voc_root, ann_file='ImageSets/Main/val.txt')
    [text] = check_split(train, val, 'val_dataloader')
    assert '1 of 2 images of val_dataloader are also trained on' in text and 'JPEGImages/a.png)' in text
    shutil.copy(voc_root / 'JPEGImages' / 'b.jpg', voc_root / 'JPEGImages' / 'c.jpg')
    (voc_root / 'JPEGImages' / 'c.bmp').unlink()
    [text] = check_split(dict(type='RepeatDataset', times=2, dataset=train), val, 'test_dataloader')
    assert '2 of 2 images of test_dataloader' in text and 'c.jpg is ' in text
    assert check_split(train, dict(val, ann_file='none.txt'), 'val_dataloader') == []  # told by its own check
    (voc_root / 'ImageSets' / 'Main' / 'train.txt').write_text('b')
    (voc_root / 'ImageSets' / 'Main' / 'val.txt').write_text('a')
    assert check_split(train, val, 'val_dataloader') == []
    assert check_split(dict(type='SomethingElse'), val, 'val_dataloader') == []

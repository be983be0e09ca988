from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from mmengine.config import ConfigDict

from fdrd.datasets import check_dataset_cfg
from mminspect.core.errors import UserError


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
    assert check_dataset_cfg(voc_cfg(voc_root)) == []
    warnings = check_dataset_cfg(voc_cfg(voc_root, ann_file='ImageSets/Main/val.txt'))
    assert [w.split(': ')[1] for w in warnings] == ['1 of 2 images have no object']


def test_wrappers_are_unwrapped(coco_data: dict, write_coco: Callable, voc_root: Path) -> None:
    coco = dict(type='RepeatDataset', times=2, dataset=dict(type='ClassBalancedDataset', dataset=write_coco(coco_data)))
    both = ConfigDict(type='ConcatDataset', datasets=[voc_cfg(voc_root), coco])
    assert len(check_dataset_cfg(both)) == 1
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
    cfg = dict(write_coco(coco_data), metainfo=dict(classes=('foreign')))  # noqa: UP034: the mistake itself
    assert re.search(r"is the text 'foreign' instead of a tuple.*classes=\('foreign',\)", error_of(cfg))


def test_class_list_in_a_file_is_read_as_mmengine_does(coco_data: dict, write_coco: Callable, tmp_path: Path) -> None:
    (tmp_path / 'classes.txt').write_text('hair\nmetal\n')
    cfg = dict(write_coco(coco_data), metainfo=dict(classes=str(tmp_path / 'classes.txt')))
    assert len(check_dataset_cfg(cfg)) == 1


def test_class_names_that_do_not_match(coco_data: dict, write_coco: Callable) -> None:
    text = error_of(dict(write_coco(coco_data), metainfo=dict(classes=('hair', 'Metall'))))
    assert "metainfo has ('hair', 'Metall') and the file has ('hair', 'metal')" in text
    assert "nearest to 'Metall': 'metal'" in text
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
    assert any("1 objects of category 'metal' are left out" in w for w in warnings)


def test_box_outside_names_image_annotation_and_count(coco_data: dict, write_coco: Callable) -> None:
    for annotation in coco_data['annotations']:
        annotation['bbox'] = [60, 40, 20, 20]
    text = error_of(write_coco(coco_data))
    assert re.search(r"annotation 1 of image 'a.png' of 64x48 pixels in '.*train.json' lies outside its image", text)
    assert text.endswith('(x, y, width, height = 60, 40, 20, 20); 1 more box like it: correct it')


def test_box_of_zero_size(coco_data: dict, write_coco: Callable) -> None:
    coco_data['annotations'][1]['bbox'] = [60, 40, 0, 3]
    assert re.search(r"annotation 2 of image 'a.png'.*has zero or negative size", error_of(write_coco(coco_data)))


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
    assert "class 'Metall'" in text
    assert "nearest: 'metal'" in text


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
    assert check_dataset_cfg(voc_cfg(voc_root, coordinate_offset=0)) == []


def test_voc_class_without_objects_is_a_warning(voc_root: Path) -> None:
    warnings = check_dataset_cfg(voc_cfg(voc_root, metainfo=dict(classes=('hair', 'metal', 'glass'))))
    assert [w.split(': ')[1] for w in warnings] == ["class 'glass' has no object"]


def test_voc_image_missing(voc_root: Path) -> None:
    (voc_root / 'JPEGImages' / 'b.jpg').rename(voc_root / 'JPEGImages' / '.b.jpg')
    assert re.search(r"image file 'b' of '.*train.txt' is not in", error_of(voc_cfg(voc_root)))


def test_stock_xml_dataset_finds_jpg_only(voc_root: Path) -> None:
    cfg = voc_cfg(voc_root, type='mmdet.XMLDataset', data_prefix=dict(sub_data_root=''))
    assert "image file 'a' of" in error_of(cfg)
    shutil.copy(voc_root / 'JPEGImages' / 'b.jpg', voc_root / 'JPEGImages' / 'a.jpg')
    assert check_dataset_cfg(cfg) == []


def test_real_data_is_checked_in_seconds(deeppcb: Path) -> None:
    classes = ('open', 'short', 'mousebite', 'spur', 'copper', 'pin_hole')
    coco = dict(type='CocoDataset', data_root=str(deeppcb), ann_file='annotations_coco/instances_train.json',
                data_prefix=dict(img='JPEGImages/'), metainfo=dict(classes=classes))
    start = time.process_time()
    assert check_dataset_cfg(coco) == []
    assert check_dataset_cfg(voc_cfg(deeppcb, metainfo=dict(classes=classes), coordinate_offset=0)) == []
    assert time.process_time() - start < 5

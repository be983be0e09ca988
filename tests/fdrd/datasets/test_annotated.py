"""What every reader of annotations gets for nothing, shown with one that knows its boxes by heart."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mmdet.registry import DATASETS
from mmengine.registry import DefaultScope
from PIL import Image

from fdrd.datasets import AnnotatedDataset, Annotations, check_dataset_cfg
from fdrd.datasets.records import BoxRecord, ImageRecord
from mminspect.core.errors import UserError

BOXES = [BoxRecord('box 1', 'hair', (4, 5, 20, 10)), BoxRecord('box 2', 'metal', (30.5, 20, 5, 6))]


class Fixed(AnnotatedDataset):
    """a.png of 64x48 pixels with BOXES, b.png without; sizes as the files say."""

    def read_annotations(self, orientation: bool = True) -> Annotations:
        folder = Path(self.data_root)
        records = [ImageRecord(name, folder / f'{name}.png', None, list(boxes))
                   for name, boxes in (('a', BOXES), ('b', []))]
        return Annotations(records, 'list', folder, warnings=['1 line is left out'])


@pytest.fixture(autouse=True)
def mmdet_scope() -> Iterator[None]:
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


@pytest.fixture
def cfg(tmp_path: Path, write_image: Callable) -> dict:
    for name in 'ab':
        write_image(tmp_path / f'{name}.png')
    return dict(type=Fixed, data_root=str(tmp_path), metainfo=dict(classes=('metal', 'hair')), serialize_data=False)


def test_items(cfg: dict, tmp_path: Path) -> None:
    first, second = (DATASETS.build(cfg).get_data_info(i) for i in range(2))
    assert (first['img_id'], first['img_path']) == ('a', str(tmp_path / 'a.png'))
    assert (first['width'], first['height']) == (64, 48)
    assert first['instances'] == [dict(bbox=[4, 5, 24, 15], bbox_label=1, ignore_flag=0),
                                  dict(bbox=[30.5, 20, 35.5, 26], bbox_label=0, ignore_flag=0)]
    assert second['instances'] == []


def test_images_without_objects_are_left_out_of_the_training_alone(cfg: dict) -> None:
    dropping = dict(cfg, filter_cfg=dict(filter_empty_gt=True))
    assert [len(DATASETS.build(config)) for config in (cfg, dropping, dict(dropping, test_mode=True))] == [2, 1, 2]
    with pytest.raises(UserError, match='does not take filter_cfg min_size'):
        DATASETS.build(dict(cfg, filter_cfg=dict(min_size=32)))


def test_mistakes_are_told_by_the_check_and_by_the_data_set(cfg: dict, tmp_path: Path) -> None:
    assert check_dataset_cfg(cfg) == ["'list': 1 line is left out", "'list': 1 of 2 images have no object"]
    for look in (check_dataset_cfg, DATASETS.build):
        with pytest.raises(UserError, match=r"box 2 of image 'a' in 'list' is of class 'metal', .*nearest: 'Metall'"
                                             r'.*all annotations together have 1 object of .hair., 1 of .metal.$'):
            look(dict(cfg, metainfo=dict(classes=('hair', 'Metall'))))
    with pytest.raises(UserError, match=r"the data set of 'list' has no class names"):
        check_dataset_cfg({key: value for key, value in cfg.items() if key != 'metainfo'})
    with pytest.raises(UserError, match=r'Fixed cannot be made of its config: .*subset'):
        check_dataset_cfg(dict(cfg, subset='x'))
    (tmp_path / 'b.png').unlink()
    for look in (check_dataset_cfg, DATASETS.build):
        with pytest.raises(UserError, match=r"'b'"):
            look(cfg)


def test_sides_of_a_turned_image(cfg: dict, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(tmp_path / 'a.png').save(tmp_path / 'a.png', exif=exif)
    for orientation, sides in ((True, (48, 64)), (False, (64, 48))):
        steps = [dict(type='LoadInspectionImage', orientation=orientation)]
        info = DATASETS.build(dict(cfg, pipeline=steps)).get_data_info(0)
        assert (info['width'], info['height']) == sides

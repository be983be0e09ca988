"""Values that data sets have in common."""
from pathlib import Path

import pytest
from mmdet.datasets import CocoDataset, XMLDataset
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmpretrain.datasets import ImageNet
from torch.utils.data import TensorDataset

from fdrd.datasets import InspectionVOCDataset
from mminspect.core.errors import UserError
from mminspect.runtime.data_values import check_values


class Own(CocoDataset):
    """Reads an option of its own."""

    def filter_data(self) -> list[dict]:
        return super().filter_data()[:self.filter_cfg.get('at_most')]


def check(kind: type, **values: object) -> None:
    check_values(Config({}), 'train_dataloader.dataset', values, kind)


@pytest.mark.parametrize(('values', 'words'), [
    (dict(data_root=3), r'^train_dataloader\.dataset\.data_root of the config is 3: give a path, as text$'),
    (dict(ann_file=-1), 'ann_file of the config is -1'), (dict(ann_file=True), 'ann_file of the config is True'),
    (dict(ann_file=['a.json']), 'ann_file'), (dict(metainfo=True), 'metainfo of the config is True: give a dict'),
    (dict(metainfo=[]), 'metainfo'), (dict(data_prefix='images'), "data_prefix of the config is 'images': give a dict"),
    (dict(data_prefix=dict(img={})), r'data_prefix\.img of the config is \{\}: give a path'),
    (dict(data_prefix=dict(img=3)), r'data_prefix\.img'), (dict(filter_cfg=3), 'filter_cfg of the config is 3'),
    (dict(test_mode='x'), "test_mode of the config is 'x': give True or False"), (dict(lazy_init=3), 'lazy_init'),
    (dict(serialize_data={}), 'serialize_data'), (dict(indices='x'), 'indices'), (dict(max_refetch='x'), 'max_refetch'),
    (dict(metainfo=dict(classes=3)), r'metainfo\.classes of the config is 3: give a list of names'),
    (dict(metainfo=dict(classes=['a', None])), r'metainfo\.classes'), (dict(metainfo=dict(classes={})), 'classes'),
    (dict(metainfo=dict(classes=['a', []])), r'metainfo\.classes'),
    (dict(data_root='http://localhost/x'), 'data_root .* give a folder'),
])
def test_values_of_another_kind(values: dict, words: str) -> None:
    with pytest.raises(UserError, match=words):
        check(CocoDataset, **values)
    check(TensorDataset, **values)  # who knows what they mean there


def test_values_that_can_be() -> None:
    check(CocoDataset, data_root=Path('x'), ann_file='a', metainfo=dict(classes=('a', ), palette=[(0, 0, 0)]),
          data_prefix=dict(img='x', seg='y'), filter_cfg=dict(filter_empty_gt=True, min_size=32), indices=[1, 2],
          test_mode=True, lazy_init=False, serialize_data=True, max_refetch=1)
    check(CocoDataset, data_root=None, ann_file=None, metainfo=None, data_prefix=None, filter_cfg=None, indices=5)
    check(CocoDataset, metainfo=dict(classes='names.txt'), data_root='s3://bucket/x')
    check(CocoDataset, metainfo=Config(dict(classes=('a', ))))
    check(ImageNet, data_prefix='train')  # mmpretrain takes one folder
    check(InspectionVOCDataset, data_prefix=dict(sub_data_root='x'), filter_cfg=dict(filter_empty_gt=True))
    check(BaseDataset, data_prefix=dict(img_path='x'))


@pytest.mark.parametrize(('kind', 'values', 'words'), [
    (CocoDataset, dict(filter_cfg=dict(fiter_empty_gt=False)),
     r"^train_dataloader\.dataset\.filter_cfg of the config has 'fiter_empty_gt', which CocoDataset does not read; did "
     r'you mean filter_empty_gt\?$'),
    (CocoDataset, dict(filter_cfg=dict(FILTER_EMPTY_GT=False)), 'did you mean filter_empty_gt'),
    (CocoDataset, dict(filter_cfg=dict(filter_empty_gts=False)), 'did you mean filter_empty_gt'),
    (CocoDataset, dict(filter_cfg=dict(zqx=False)), "has 'zqx', .*; take it out"),
    (CocoDataset, dict(data_prefix=dict(im='x')), "data_prefix of the config has 'im'.* did you mean img"),
    (XMLDataset, dict(data_prefix=dict(sub_data_roots='x')), 'did you mean sub_data_root'),
    (CocoDataset, dict(filter_cfg=dict(at_most=3)), "has 'at_most'"),
])
def test_options_that_nothing_reads(kind: type, values: dict, words: str) -> None:
    with pytest.raises(UserError, match=words):
        check(kind, **values)


def test_options_of_a_data_set_of_somebody_else() -> None:
    check(Own, filter_cfg=dict(at_most=3, min_size=1))


def test_a_data_set_whose_program_cannot_be_seen() -> None:
    made = type('Made', (BaseDataset, ), dict(__module__='no_such_module'))
    check(made, filter_cfg=dict(zqx=1))

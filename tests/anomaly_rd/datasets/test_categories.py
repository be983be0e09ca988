from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from anomaly_rd.datasets import check_categories, find_categories, set_category
from anomaly_rd.datasets.categories import category_of
from mminspect import runtime
from mminspect.core.errors import UserError


def test_found(tmp_path: Path) -> None:
    for name in ('screw/train', 'cable/train', 'split_csv', '.cache/train'):
        (tmp_path / name).mkdir(parents=True)
    assert find_categories(tmp_path) == ['cable', 'screw']
    (tmp_path / 'Screw' / 'train').mkdir(parents=True)
    with pytest.raises(UserError, match="two categories have one name, 'Screw' and 'screw'"):
        find_categories(tmp_path)


def test_visa_names_them_in_its_table(tmp_path: Path) -> None:
    for name in ('pcb1/Data', 'candle/Data', 'split_csv', 'notes'):
        (tmp_path / name).mkdir(parents=True)
    table = tmp_path / 'split_csv' / '1cls.csv'
    table.write_text('object,split,label,image,mask\npcb1,train,normal,a,\ncandle,test,normal,b,\nfryum,test,normal,c,')
    assert find_categories(tmp_path) == ['candle', 'pcb1']  # fryum was not unpacked
    table.write_text('a,b\n1,2')
    with pytest.raises(UserError, match='take the table that comes with VisA'):
        find_categories(tmp_path)


def test_nothing_found(tmp_path: Path) -> None:
    with pytest.raises(UserError, match='has no category'):
        find_categories(tmp_path)
    with pytest.raises(UserError, match='does not exist'):
        find_categories(tmp_path / 'none')


def test_list_with_a_category_twice() -> None:
    check_categories(['screw', 'cable'])
    with pytest.raises(UserError, match="one name, 'screw' and 'screw'"):
        check_categories(['screw', 'cable', 'screw'])


def test_category_of_a_config() -> None:
    inner = dict(type='MVTecDataset', category='a')
    cfg = Config(dict(train_dataloader=dict(dataset=dict(type='RepeatDataset', dataset=inner)),
                      val_dataloader=None, test_dataloader=dict(dataset=dict(inner))))
    set_category(cfg, 'b')
    assert cfg.train_dataloader.dataset.dataset.category == cfg.test_dataloader.dataset.category == 'b'
    with pytest.raises(UserError, match='has no data set with categories'):
        set_category(Config(dict(train_dataloader=dict(dataset=dict(type='FolderDataset')))), 'b')


def test_the_category_of_a_config() -> None:
    def cfg(*names: object) -> Config:
        return Config(dict(train_dataloader=dict(dataset=dict(type='RepeatDataset', dataset=dict(
            type='ConcatDataset', datasets=[dict(category=name) for name in names])))))

    assert [category_of(cfg(*names)) for names in (('a', ), ('a', 'b'), (None, ))] == ['a', None, None]
    assert [category_of(cfg(*names)) for names in (([3], ), (3, ), ('a', [3]), ())] == [None] * 4
    assert category_of(Config({})) is None and category_of in runtime.CHECKS.of('work_dir')

"""docs/add_a_dataset.md does what it says: its test passes, its config trains and validates."""
from __future__ import annotations

import importlib
import re
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmdet.registry import DATASETS
from mmengine.registry import DefaultScope

from helpers import ROOT, detector_cfg
from mminspect import runtime

BLOCK = re.compile(r'^```python\n# (\S+)\n(.*?)^```$', re.MULTILINE | re.DOTALL)
SCALE = (96, 64)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The files of the page in a folder of their own, in which the commands are started."""
    blocks = BLOCK.findall((ROOT / 'docs' / 'add_a_dataset.md').read_text(encoding='utf-8'))
    assert [name for name, _ in blocks] == ['my_package/csv_boxes.py', 'configs/my_table.py', 'tests/test_csv_boxes.py']
    for name, text in blocks:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding='utf-8')
    for name in ('_base_', 'fdrd'):
        (tmp_path / 'configs' / name).symlink_to(ROOT / 'configs' / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path / 'tests'))
    yield tmp_path
    for name in ('my_package', 'my_package.csv_boxes', 'test_csv_boxes'):
        sys.modules.pop(name, None)
    DATASETS.module_dict.pop('CSVBoxes', None)


def write_tables(root: Path) -> None:
    """Four images for training and two for validation, with a bright box each."""
    (root / 'images').mkdir(parents=True)
    for split, names in (('train', 'abcd'), ('val', 'ef')):
        rows = ['image,label,x,y,width,height']
        for number, name in enumerate(names):
            picture = np.random.default_rng(number).integers(0, 120, (*SCALE[::-1], 3), dtype=np.uint8)
            picture[10:34, 20:44] = 230
            cv2.imwrite(str(root / 'images' / f'{name}.png'), picture)
            rows.append(f'{name}.png,{("hair", "metal")[number % 2]},20,10,24,24')
        (root / f'{split}.csv').write_text('\n'.join(rows))


def test_the_test_of_the_page_passes(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with DefaultScope.overwrite_default_scope('mmdet'):
        importlib.import_module('test_csv_boxes').test_boxes(tmp_path_factory.mktemp('page'))


def test_the_config_of_the_page_trains(project: Path) -> None:
    write_tables(project / 'data' / 'table')
    cfg = runtime.load_config('configs/my_table.py')
    cfg.merge_from_dict(dict(work_dir=str(project / 'run'), experiment_name=uuid.uuid4().hex))
    cfg.model = dict(detector_cfg('GFL'))  # the page's detector takes minutes
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.num_workers = 0
        for step in loader.dataset.pipeline:
            step.update(dict(scale=SCALE) if step.type == 'Resize' else {})
    runtime.check_data(cfg, ('train_dataloader', 'val_dataloader'))
    runner = runtime.build_runner(cfg)
    runner.train()
    assert (project / 'run' / 'epoch_1.pth').is_file()
    assert np.isfinite(runner.message_hub.get_scalar('val/coco/bbox_mAP').current())
    dataset = runner.train_dataloader.dataset
    assert [dataset.get_data_info(i)['img_id'] for i in range(4)] == [f'{name}.png' for name in 'abcd']

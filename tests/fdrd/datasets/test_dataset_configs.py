"""The data bases in configs/: they inherit, name the classes everywhere, and load what the tools write."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import DefaultScope

from fdrd.datasets import check_dataset_cfg
from fdrd.datasets.vials_writer import VialsSpec, make_vials
from helpers import evaluators

FOLDER = Path(__file__).resolve().parents[3] / 'configs' / '_base_' / 'datasets'
SCALES = {'coco_detection': (1333, 800), 'coco_tiles': (1024, 1024), 'medicine_liquid': (1333, 800),
          'tianchi': (1333, 800), 'deeppcb': (640, 640), 'vials': (320, 136), 'voc_detection': (1333, 800),
          'yolo_detection': (1333, 800), 'cvat_detection': (1333, 800)}


@pytest.fixture(autouse=True)
def mmdet_scope() -> Iterator[None]:
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


def read(name: str) -> Config:
    return Config.fromfile(FOLDER / f'{name}.py')


@pytest.mark.parametrize('name', SCALES)
def test_paths_classes_and_scale_agree_everywhere(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('MMINSPECT_DATA', '/somewhere')
    cfg = read(name)
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        dataset = loader.dataset
        assert dataset.data_root == cfg.data_root
        assert cfg.data_root.startswith('/somewhere/')
        assert dataset.metainfo == cfg.metainfo
        assert isinstance(dataset.metainfo.classes, tuple)
        assert [step.scale for step in dataset.pipeline if step.type == 'Resize'] == [SCALES[name]]
        assert not loader.persistent_workers
    assert cfg.test_dataloader == cfg.val_dataloader
    assert cfg.test_evaluator == cfg.val_evaluator
    assert cfg.train_dataloader.dataset.filter_cfg == dict(filter_empty_gt=False)
    assert cfg.train_pipeline[-1].type == 'PackDetInputs'
    if cfg.val_evaluator.ann_file:
        assert cfg.val_evaluator.ann_file == cfg.data_root + cfg.val_dataloader.dataset.ann_file
    else:
        assert 'instances' in cfg.val_dataloader.dataset.pipeline[-1].meta_keys


@pytest.mark.parametrize('name', SCALES)
def test_data_folder_by_default(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('MMINSPECT_DATA', raising=False)
    assert read(name).data_root.startswith('data/')


def test_every_file_is_tested() -> None:
    detection = {path.stem for path in FOLDER.glob('*.py') if 'AnomalyMetric' not in evaluators(Config.fromfile(path))}
    assert detection == set(SCALES)


@pytest.mark.parametrize('name', ['vials', 'voc_detection'])
def test_rendered_set_loads(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = {'vials': 'vials', 'voc_detection': 'voc'}[name]
    make_vials(tmp_path / folder, VialsSpec(train=2, val=2, size=(160, 68), voc=True))
    monkeypatch.setenv('MMINSPECT_DATA', str(tmp_path))
    cfg = read(name)
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        check_dataset_cfg(loader.dataset)
        sample = DATASETS.build(dict(loader.dataset, serialize_data=False))[0]
        assert sample['inputs'].shape[2] == SCALES[name][0]
        assert len(sample['data_samples'].gt_instances.bboxes) == len(sample['data_samples'].gt_instances.labels)


def test_real_set_passes_the_checks(deeppcb: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('MMINSPECT_DATA', str(deeppcb.parent))
    assert check_dataset_cfg(read('deeppcb').val_dataloader.dataset) == []

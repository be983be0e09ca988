"""Two folders as one data set, through training, threshold, kept features, pictures, metric and resumption."""
import copy
import uuid
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DATASETS
from mmengine.runner import Runner

import anomaly_rd  # noqa: F401 (registers the components)
from anomaly_helpers import RD4AD, THIN_RESNET
from anomaly_rd.apis import AnomalyInferencer
from anomaly_rd.datasets import ConcatDataset
from mminspect import runtime
from mminspect.core.errors import UserError
from station_helpers import PIPELINE, loader_cfg, runner_cfg, write_category


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The categories 'left' and 'right', each with 4 good images for training, 2 good and 3 defective for the test."""
    write_category(tmp_path / 'data', 'left')
    write_category(tmp_path / 'data', 'right', good=(80, 90, 100, 110), test_good=(85, 95))
    return tmp_path / 'data'


def both(root: Path, split: str, **dataset: object) -> dict:
    """A data loader over both categories."""
    parts = [loader_cfg(root, split, category=name, **dataset)['dataset'] for name in ('left', 'right')]
    return dict(loader_cfg(root, split), dataset=dict(type='ConcatDataset', datasets=parts))


def distillation_cfg(root: Path, work_dir: Path, epochs: int, **more: object) -> Config:
    """A thin RD4AD with kept features on both categories; ``more`` overrides top-level entries."""
    model = copy.deepcopy(Config.fromfile(RD4AD).model.to_dict())
    model.update(cache_features=True, cache_dtype='float32',
                 teacher=dict(type='BackboneTeacher', backbone=dict(THIN_RESNET), block='basic', depth=18, wide=False))
    cfg = runner_cfg(root, work_dir, [dict(type='ThresholdHook', rule='max')], epochs=epochs)
    return Config({**cfg.to_dict(), **dict(
        dict(model=model, train_dataloader=both(root, 'train'), test_dataloader=both(root, 'test'),
             experiment_name=uuid.uuid4().hex), **more)})


def test_items_are_numbered_through(root: Path) -> None:
    dataset = DATASETS.build(both(root, 'test')['dataset'])
    assert type(dataset) is ConcatDataset
    assert [dataset[i]['data_samples'].sample_idx for i in range(len(dataset))] == list(range(10))
    assert dataset.get_data_info(7)['img_path'].endswith(str(Path('right', 'test', 'spot', '000.png')))
    repeated = dict(type='RepeatDataset', times=2, dataset=both(root, 'train')['dataset']['datasets'][0])
    nested = dict(type='ConcatDataset', datasets=[repeated, both(root, 'train', cache=True)['dataset']])
    dataset = DATASETS.build(nested)
    found = {}
    for _ in range(2):  # what was kept in memory is numbered alike
        for i in range(len(dataset)):
            found.setdefault(dataset[i]['data_samples'].sample_idx, []).append(dataset.get_data_info(i)['img_path'])
    # eight items of the repeated part are four images; then the eight of the other two
    assert len(found) == 12 and all(len(set(paths)) == 1 for paths in found.values())
    assert sum(map(len, found.values())) == 2 * len(dataset) == 32


def test_one_file_in_two_preparations_keeps_its_features_apart(root: Path) -> None:
    cropped = [PIPELINE[0], dict(type='ResizeInspection', size=(32, 64)), dict(type='CentreCrop', size=(32, 32)),
               PIPELINE[2]]
    parts = [loader_cfg(root, 'test', pipeline=steps)['dataset'] for steps in (PIPELINE, cropped)]
    for part in parts:
        part['category'] = 'left'
    dataset = DATASETS.build(dict(type='ConcatDataset', datasets=parts))
    keys = [(sample.img_path, sample.sample_idx) for sample in (item['data_samples'] for item in dataset)]
    assert len(set(keys)) == 10 and len({path for path, _ in keys}) == 5


def test_a_training_on_two_folders(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cfg = distillation_cfg(root, tmp_path / 'run', 2)
    runtime.check_data(cfg, ('train_dataloader', 'test_dataloader'))
    runner = Runner.from_cfg(cfg)
    runner.train()
    kept = runner.model.cache._features
    assert len(kept) == 8 and len({Path(path).parts[-4] for path, _ in kept}) == 2
    state = torch.load(tmp_path / 'run' / 'epoch_2.pth', weights_only=False)['threshold']
    assert (state['count'], state['origin']) == (8, 'training images')

    # the same training with features that are computed anew, and one that was interrupted
    for name, model, first in (('computed', dict(cfg.model, cache_features=False), None), ('resumed', cfg.model, 1)):
        again = distillation_cfg(root, tmp_path / name, 2, model=dict(model))
        if first is not None:
            Runner.from_cfg(distillation_cfg(root, tmp_path / name, first)).train()
            again.resume, again.load_from = True, str(tmp_path / name / 'epoch_1.pth')
        other = Runner.from_cfg(again)
        other.train()
        for key, value in runner.model.state_dict().items():
            torch.testing.assert_close(other.model.state_dict()[key], value, msg=f'{name}: {key}')

    tested = distillation_cfg(root, tmp_path / 'test', 2, load_from=str(tmp_path / 'run' / 'epoch_2.pth'))
    tested.custom_hooks = [*tested.custom_hooks, dict(type='AnomalyPicturesHook', max_images=10)]
    metrics = Runner.from_cfg(tested).test()
    assert all(np.isfinite(metrics[name]) for name in ('image_auroc', 'pixel_auroc'))
    names = sorted(path.name for path in (tmp_path / 'test' / 'pictures').glob('00*.png'))
    assert [name[:4] for name in names] == [f'{i:04d}' for i in range(10)]

    found = AnomalyInferencer(cfg, tmp_path / 'run' / 'epoch_2.pth')(str(root / 'right' / 'test' / 'spot'))
    assert len(found['predictions']) == 3


def test_test_sets_that_prepare_images_differently(root: Path, tmp_path: Path) -> None:
    cfg = distillation_cfg(root, tmp_path / 'run', 1)
    cfg.test_dataloader.dataset.datasets[1].pipeline = [*PIPELINE[:1], dict(type='ResizeInspection', size=(64, 64)),
                                                       *PIPELINE[2:]]
    with pytest.raises(UserError, match='differ in pipeline'):
        Runner.from_cfg(cfg).train()

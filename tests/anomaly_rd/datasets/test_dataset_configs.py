"""The anomaly data bases in configs/: they inherit, agree with each other, and load what lies where they say."""
from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import cv2
import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator

from anomaly_rd.datasets import check_dataset_cfg
from anomaly_rd.datasets.textures_writer import TexturesSpec, make_textures
from anomaly_rd.registry import DATASETS
from helpers import evaluators
from mminspect.core.errors import UserError

FOLDER = Path(__file__).resolve().parents[3] / 'configs' / '_base_' / 'datasets'
#: Folder below MMINSPECT_DATA, type and side of the network's input.
BASES = dict(mvtec=('mvtec', 'MVTecDataset', 256), visa=('visa', 'VisADataset', 256),
             anomaly_folder=('folder', 'FolderDataset', 256), linescan_tiles=('linescan', 'TiledDataset', 256),
             aitex_fabric=('aitex_fabric02', 'MVTecDataset', 256), mvtec_screw=('mvtec_screw', 'MVTecDataset', 256),
             textures_demo=('textures', 'MVTecDataset', 128))


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what the user's shell may say about the data."""
    for variable in ('MMINSPECT_DATASET', 'MMINSPECT_CATEGORY'):
        monkeypatch.delenv(variable, raising=False)


def read(name: str) -> Config:
    return Config.fromfile(FOLDER / f'{name}.py')


@pytest.mark.parametrize('name', BASES)
def test_loaders_agree(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('MMINSPECT_DATA', '/somewhere')
    cfg, (folder, kind, size) = read(name), BASES[name]
    for loader, split in ((cfg.train_dataloader, 'train'), (cfg.val_dataloader, 'test')):
        dataset = loader.dataset
        assert (dataset.type, dataset.split, dataset.cache) == (kind, split, True)
        assert dataset.data_root == cfg.data_root == f'/somewhere/{folder}/'
        assert ('category' in dataset) == (kind in ('MVTecDataset', 'VisADataset'))
        resize, = (step for step in dataset.pipeline if step.type == 'ResizeInspection')
        assert tuple(resize['size']) == (size, size)
        assert loader.num_workers == 0 and loader.sampler.shuffle == (split == 'train')
    different = {'split'}
    train, test = ({key: value for key, value in loader.dataset.items() if key not in different}
                   for loader in (cfg.train_dataloader, cfg.val_dataloader))
    assert train == test
    assert cfg.test_dataloader == cfg.val_dataloader and cfg.test_evaluator == cfg.val_evaluator
    scans = ['AnomalyMetric', 'AnomalyMetric', 'StitchedAnomalyMetric']
    assert evaluators(cfg) == ['AnomalyMetric'] + scans * (name == 'linescan_tiles')


@pytest.mark.parametrize('name', BASES)
def test_data_folder_by_default(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ('MMINSPECT_DATA', 'MMINSPECT_DATASET', 'MMINSPECT_CATEGORY'):
        monkeypatch.delenv(variable, raising=False)
    cfg = read(name)
    assert cfg.data_root == f'data/{BASES[name][0]}/'
    with pytest.raises(UserError, match=r'does not exist|cannot be read'):
        check_dataset_cfg(dict(cfg.train_dataloader.dataset, data_root='/none/'))


def test_every_file_is_tested() -> None:
    anomaly = {path.stem for path in FOLDER.glob('[!_]*.py') if 'AnomalyMetric' in evaluators(read(path.stem))}
    assert anomaly == {*BASES, 'anomaly_folders'}


def test_several_folders(tmp_path: Path, write_image: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('MMINSPECT_DATA', str(tmp_path))
    for folder, path in product(('folder_a', 'folder_b'), ('train/good/1.png', 'test/good/1.png')):
        write_image(tmp_path / folder / path)
    cfg = read('anomaly_folders')
    assert cfg.test_dataloader == cfg.val_dataloader and cfg.test_evaluator == cfg.val_evaluator
    for loader, split in ((cfg.train_dataloader, 'train'), (cfg.test_dataloader, 'test')):
        assert all('is defective' in text for text in check_dataset_cfg(loader.dataset))
        found = [item['data_samples'] for item in DATASETS.build(loader.dataset)]
        assert [sample.sample_idx for sample in found] == [0, 1]
        assert [Path(sample.img_path).relative_to(tmp_path).parts[:2] for sample in found] == [
            ('folder_a', split), ('folder_b', split)]


def test_category_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('MMINSPECT_CATEGORY', 'zipper')
    monkeypatch.setenv('MMINSPECT_DATASET', 'mine')
    cfg = read('mvtec')
    assert cfg.train_dataloader.dataset.category == cfg.test_dataloader.dataset.category == 'zipper'
    assert cfg.test_dataloader.dataset.data_root.endswith('/mine/')
    visa = read('visa')
    for loader in (visa.train_dataloader, visa.test_dataloader):
        assert loader.dataset.category == 'zipper' and loader.dataset.data_root == 'data/mine/'
    assert read('mvtec_screw').test_dataloader.dataset.category == 'screw'


def test_rendered_set_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_textures(tmp_path / 'textures', TexturesSpec(train=2, good=1, defective=1, calibration=0))
    monkeypatch.setenv('MMINSPECT_DATA', str(tmp_path))
    cfg = read('textures_demo')
    for loader, count in ((cfg.train_dataloader, 2), (cfg.test_dataloader, 4)):
        assert check_dataset_cfg(loader.dataset) == []
        dataset = DATASETS.build(loader.dataset)
        assert len(dataset) == count and dataset[0]['inputs'].shape == (3, 128, 128)


@pytest.mark.parametrize('name', ['anomaly_folder', 'linescan_tiles'])
def test_own_folders_load(name: str, tmp_path: Path, write_image: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / BASES[name][0]
    for image in ('normal/a.png', 'normal/b.png', 'normal/c.png'):
        write_image(folder / image, (70, 150))
    monkeypatch.setenv('MMINSPECT_DATA', str(tmp_path))
    cfg = read(name)
    for loader in (cfg.train_dataloader, cfg.test_dataloader):
        if name == 'linescan_tiles':
            loader.dataset.tile = 64
        assert all('is defective' in text for text in check_dataset_cfg(loader.dataset))
        assert DATASETS.build(loader.dataset)[0]['inputs'].shape == (3, 256, 256)


def test_tiles_of_small_and_of_big_defects(tmp_path: Path, write_image: Callable, write_mask: Callable,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles of 64x64 of two scans; a small defect in one tile, a big one in two."""
    folder = tmp_path / 'linescan'
    for image in ('train/good/a.png', 'test/good/a.png', 'test/tear/a.png'):
        write_image(folder / image, (64, 192))
    mask = write_mask(folder / 'ground_truth' / 'tear' / 'a.png', (5, 50, 45, 128), (64, 192))
    pixels = cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE)
    pixels[10:42, 140:171] = 255  # 32 x 31
    cv2.imwrite(str(mask), pixels)
    monkeypatch.setenv('MMINSPECT_DATA', str(tmp_path))
    cfg = read('linescan_tiles')
    dataset = DATASETS.build(dict(cfg.test_dataloader.dataset, tile=64))
    samples = [dataset[index]['data_samples'] for index in range(len(dataset))]
    assert [sample.get('defect_area') for sample in samples] == [None] * 3 + [40 * 14, 40 * 64, 32 * 31]
    for number, sample in enumerate(samples):
        sample.anomaly_map, sample.pred_score = sample.gt_mask + 0.01 * number, torch.tensor(float(number))
    evaluator = Evaluator(list(cfg.test_evaluator))
    evaluator.process(samples)
    metrics = evaluator.evaluate(len(samples))
    counts = {metric.prefix: metric.counts['anomalous_images'] for metric in evaluator.metrics}
    assert counts == {'': 3, 'small': 2, 'big': 1, 'scan': 1}
    assert [metrics[f'{prefix}image_auroc'] for prefix in ('', 'small/', 'big/', 'scan/')] == [1.0] * 4


def test_real_sets_load(mvtec_screw: Path, aitex_fabric: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('MMINSPECT_DATA', str(mvtec_screw.parent))
    for name, count in (('mvtec_screw', 160), ('aitex_fabric', 200)):
        cfg = read(name)
        assert check_dataset_cfg(cfg.test_dataloader.dataset) == []
        dataset = DATASETS.build(cfg.train_dataloader.dataset)
        assert len(dataset) == count and dataset[0]['inputs'].shape == (3, 256, 256)

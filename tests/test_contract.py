"""Models that use the contract in every way go through every command, and nothing of the project knows them."""
from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from helpers import ROOT
from mminspect.inspection import load_inspector

SIDE, MODULE = 64, 'contract_models'
BASES = ('_base_/datasets/mvtec.py', '_base_/anomaly_runtime.py')
ADAM = "dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3))"
PARTS = f"dict(constructor='PartsOptimWrapperConstructor', network={ADAM}, critic={ADAM})"
#: Model, its optimisers, a further step of the training's pipeline.
MODELS = {
    'Reconstruction': (ADAM, ''),
    'WholeImage': (ADAM, ''),
    'Adversarial': (PARTS, ''),
    'ThreeViews': (ADAM, "dict(type='MakeViews'), "),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten good training images; four good and four defective test images; the working directory."""
    for part, count, defect in (('train/good', 10, False), ('test/good', 4, False), ('test/hole', 4, True)):
        (tmp_path / 'mvtec' / 'plate' / part).mkdir(parents=True)
        for i in range(count):
            image = np.random.default_rng(i + 100 * len(part)).integers(90, 120, (SIDE, SIDE), dtype=np.uint8)
            image[20:30, 24:40] = 250 if defect else image[20:30, 24:40]
            cv2.imwrite(str(tmp_path / 'mvtec' / 'plate' / part / f'{i}.png'), image)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[20:30, 24:40] = 255
    (tmp_path / 'mvtec' / 'plate' / 'ground_truth' / 'hole').mkdir(parents=True)
    for i in range(4):
        cv2.imwrite(str(tmp_path / 'mvtec' / 'plate' / 'ground_truth' / 'hole' / f'{i}_mask.png'), mask)
    for name, value in dict(DATA=str(tmp_path), DATASET='mvtec', CATEGORY='plate').items():
        monkeypatch.setenv(f'MMINSPECT_{name}', value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_config(folder: Path, model: str, wrapper: str, step: str = '', epochs: int = 2) -> Path:
    config = folder / f'{model.lower()}.py'
    config.write_text(f'''
_base_ = {[str(ROOT / 'configs' / base) for base in BASES]}
custom_imports = dict(imports=['anomaly_rd', '{MODULE}'])
load, pack = dict(type='LoadInspectionImage'), dict(type='PackAnomalyInputs')
size = dict(type='ResizeInspection', size=({SIDE}, {SIDE}))
train_dataloader = dict(batch_size=4, dataset=dict(holdout=0.2, pipeline=[load, size, {step}pack]))
val_dataloader = dict(dataset=dict(pipeline=[load, size, pack]))
test_dataloader = val_dataloader
model = dict(type='{model}', data_preprocessor=dict(type='AnomalyDataPreprocessor', mean=(0, 0, 0), std=(255, ) * 3))
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs={epochs}, val_interval={epochs})
val_cfg, test_cfg = dict(type='ValLoop'), dict(type='TestLoop')
optim_wrapper = {wrapper}
default_hooks = dict(checkpoint=dict(interval=1))
''')
    return config


@pytest.mark.parametrize('model', MODELS)
def test_every_command_takes_the_model(model: str, folder: Path, call: Callable[..., tuple]) -> None:
    config, run, new = write_config(folder, model, *MODELS[model]), folder / 'run', folder / 'mvtec' / 'plate' / 'test'
    shape = ('--shape', SIDE, SIDE)

    status, _, error = call('train', config, '--work-dir', run, '--amp', '--cfg-options', 'train_cfg.max_epochs=1')
    assert status == 0, error
    before = torch.load(run / 'epoch_1.pth', weights_only=False)['state_dict']
    status, _, error = call('train', config, '--work-dir', run, '--resume')
    assert status == 0, error
    after = torch.load(run / 'epoch_2.pth', weights_only=False)['state_dict']
    still = {name for name in before if torch.equal(before[name], after[name])}
    assert still <= {'critic.2.bias'}  # every part has been trained; that bias cancels out of its loss

    status, _, error = call('test', config, run / 'epoch_2.pth', '--show-dir', 'pictures')
    metrics = json.loads((run / 'metrics.json').read_text())
    assert status == 0 and metrics['image_auroc'] is not None and list((run / 'pictures').glob('*hole*.png')), error
    assert (metrics['pixel_auroc'] is None) == (model == 'WholeImage')

    status, said, error = call('calibrate', run / 'epoch_2.pth', new / 'good', '--false-reject-rate', 0.2, '--import',
                               MODULE)
    assert status == 0 and ('limit of normal pixels' in said) == (model != 'WholeImage'), error
    status, said, error = call('inspect_images', run / 'epoch_2.pth', new, '--out', 'results', '--import', MODULE)
    assert status == 0 and '8 images' in said, error

    status, _, error = call('deploy/export', run / 'epoch_2.pth', '--out', 'model.onnx', '--import', MODULE)
    assert status == 0, error
    ours, theirs = load_inspector(run / 'epoch_2.pth', imports=[MODULE]), load_inspector('model.onnx')
    for image in sorted(new.rglob('*.png')):
        (one, other), limit = (ours(image), theirs(image)), ours.threshold.value
        assert other.score == pytest.approx(one.score, abs=1e-4)
        assert other.is_defect == one.is_defect or abs(one.score - limit) < 1e-4  # it is the score of one of them
        if model == 'WholeImage':
            assert other.anomaly_map is one.anomaly_map is None
        else:
            np.testing.assert_allclose(other.anomaly_map, one.anomaly_map, atol=1e-4)

    assert call('analysis/complexity', config, *shape)[0] == 0
    assert call('analysis/speed', config, run / 'epoch_2.pth', *shape, '--images', 1, '--warmup', 0)[0] == 0


def test_a_model_without_parameters(folder: Path, call: Callable[..., tuple]) -> None:
    config, new = write_config(folder, 'MeanImage', 'None'), folder / 'mvtec' / 'plate' / 'test'
    config.write_text(re.sub(r'(?m)^train_cfg = .*$', "train_cfg = dict(type='FitOnceLoop')", config.read_text()))
    assert call('train', config, '--work-dir', 'run')[0] == 0
    saved, trusted = 'run/epoch_1.pth', ('--import', MODULE)
    for tool, *arguments in (('test', config, saved),
                             ('calibrate', saved, new / 'good', '--false-reject-rate', 0.2, *trusted),
                             ('inspect_images', saved, new, '--out', 'results', *trusted),
                             ('deploy/export', saved, '--out', 'model.onnx', *trusted)):
        status, _, error = call(tool, *arguments)
        assert status == 0, error
    ours, theirs = load_inspector('run/epoch_1.pth', imports=[MODULE]), load_inspector('model.onnx')
    image = new / 'hole' / '0.png'
    assert ours(image).is_defect and theirs(image).score == pytest.approx(ours(image).score, abs=1e-4)


def test_several_optimisers_and_several_processes(folder: Path, call: Callable[..., tuple]) -> None:
    config = write_config(folder, 'Adversarial', PARTS)
    status, _, error = call('train', config, '--work-dir', 'run', '--launcher', 'slurm')
    assert status == 2 and 'train without --launcher' in error


def test_resuming_in_an_empty_folder_begins_with_load_from(folder: Path, call: Callable[..., tuple]) -> None:
    config = write_config(folder, 'Reconstruction', ADAM.replace('lr=1e-3', 'lr=0.0'), epochs=1)
    assert call('train', config, '--work-dir', 'first')[0] == 0
    options = ('--resume', '--seed', 5, '--cfg-options', 'load_from=first/epoch_1.pth')
    status, _, error = call('train', config, '--work-dir', 'second', *options)
    assert status == 0, error
    first, second = (torch.load(f'{run}/epoch_1.pth', weights_only=False)['state_dict'] for run in ('first', 'second'))
    assert all(torch.equal(first[name], second[name]) for name in first)  # with another seed and no step


def test_a_map_that_is_not_there_is_told(folder: Path, call: Callable[..., tuple]) -> None:
    config = write_config(folder, 'WholeImage', *MODELS['WholeImage'], epochs=1)
    assert call('train', config, '--work-dir', 'run')[0] == 0
    status, _, error = call('inspect_images', 'run/epoch_1.pth', 'mvtec/plate/test', '--out', 'results', '--maps',
                            '--import', MODULE)
    assert status == 2 and 'gives no anomaly map' in error


def test_a_view_that_nobody_declared_ends_the_training(folder: Path, call: Callable[..., tuple]) -> None:
    config = write_config(folder, 'ThreeViews', ADAM, "dict(type='MakeViews', extra=True), ")
    status, _, error = call('train', config, '--work-dir', 'run')
    assert status == 2 and 'the view inputs_extra, which it does not declare' in error
    config = write_config(folder, 'ThreeViews', ADAM)
    status, _, error = call('train', config, '--work-dir', 'run')
    assert status == 2 and 'trains on the view inputs_noisy, which the pipeline does not make' in error


@pytest.mark.parametrize(('wrapper', 'sentence'), [
    (PARTS.replace('critic', 'judge'), "entry 'judge', but Adversarial has no such part"),
    ("dict(constructor='PartsOptimWrapperConstructor')", 'needs an entry with type and optimizer')])
def test_parts_that_are_not_there(wrapper: str, sentence: str, folder: Path, call: Callable[..., tuple]) -> None:
    status, _, error = call('train', write_config(folder, 'Adversarial', wrapper), '--work-dir', 'run')
    assert status == 2 and sentence in error


def test_a_diverging_part_is_named(folder: Path, call: Callable[..., tuple]) -> None:
    wrapper = PARTS.replace('lr=1e-3', 'lr=1e18')
    status, _, error = call('train', write_config(folder, 'Adversarial', wrapper), '--work-dir', 'run')
    assert status == 2 and 'became NaN or infinite' in error and 'network.loss' in error

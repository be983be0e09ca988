"""tools/train.py and tools/test.py on an anomaly model, from the command line: what works, and foreseeable mistakes."""
import json
import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from anomaly_rd.apis import AnomalyInferencer
from anomaly_rd.datasets import MVTecDataset
from anomaly_rd.models.teachers import ResNetTeacher
from helpers import ROOT
from mminspect.core.errors import UserError

CONFIG = ROOT / 'configs' / 'anomaly_rd' / 'demo' / 'rd4ad_r18_10e_textures.py'


def write(path, seed, defect=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(seed).integers(90, 120, (64, 64), dtype=np.uint8)
    image[20:30, 24:40] = 250 if defect else image[20:30, 24:40]
    cv2.imwrite(str(path), image)


@pytest.fixture
def data(tmp_path):
    """Eight good images, and three good and two defective ones for the test."""
    root = tmp_path / 'data' / 'textures' / 'weave'
    for i in range(8):
        write(root / 'train' / 'good' / f'{i}.png', i)
    for i in range(3):
        write(root / 'test' / 'good' / f'{i}.png', 100 + i)
    for i in range(2):
        write(root / 'test' / 'hole' / f'{i}.png', 200 + i, defect=True)
        mask = np.zeros((64, 64), np.uint8)
        mask[20:30, 24:40] = 255
        (root / 'ground_truth' / 'hole').mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / 'ground_truth' / 'hole' / f'{i}_mask.png'), mask)
    return root


@pytest.fixture
def config(data, tmp_path, monkeypatch):
    """Two epochs of two steps at 64x64, with the work dir ``tmp_path/run``; a function of overrides."""
    monkeypatch.setenv('MMINSPECT_DATA', str(tmp_path / 'data'))

    def make(**more):
        cfg = Config.fromfile(CONFIG)
        for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
            loader.dataset.pipeline[1].size = (64, 64)
            loader.batch_size = 4
        cfg.train_cfg.update(max_epochs=2, val_interval=2)
        cfg.default_hooks.checkpoint.interval = 1
        cfg.default_hooks.checkpoint.max_keep_ckpts = -1
        cfg.merge_from_dict(dict(work_dir=str(tmp_path / 'run'), experiment_name=uuid.uuid4().hex, **more))
        cfg.dump(tmp_path / 'config.py')
        return tmp_path / 'config.py'
    return make


def weights(path):
    return torch.load(path, weights_only=False)['state_dict']


def test_trains_tests_draws_and_writes_metrics(config, tmp_path, call):
    file = config()
    assert call('train', file)[0] == 0
    assert call('test', file, tmp_path / 'run' / 'epoch_2.pth', '--show-dir', 'pictures')[0] == 0
    metrics = json.loads((tmp_path / 'run' / 'metrics.json').read_text())
    assert 0 <= metrics['image_auroc'] <= 1 and 0 <= metrics['aupro'] <= 1
    names = {path.name for path in (tmp_path / 'run' / 'pictures').rglob('*.png')}
    assert {'curves.png', 'histogram.png'} <= names and len(names) == 7
    checkpoint = torch.load(tmp_path / 'run' / 'epoch_2.pth', weights_only=False)
    assert np.isfinite(checkpoint['threshold']['value']) and checkpoint['threshold']['count'] == 8


def test_resumed_run_equals_the_uninterrupted_one(config, tmp_path, call):
    assert call('train', config())[0] == 0
    whole = weights(tmp_path / 'run' / 'epoch_2.pth')
    (tmp_path / 'run' / 'epoch_2.pth').unlink()
    (tmp_path / 'run' / 'last_checkpoint').write_text('')  # killed while it was written
    assert call('train', config(), '--resume')[0] == 0
    resumed = weights(tmp_path / 'run' / 'epoch_2.pth')
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(value, resumed[key]) for key, value in whole.items())


def test_two_processes_test_as_one_does(config, tmp_path, call):
    """Trained by two processes; five images are shared out three and two, none counts twice."""
    file = config()
    environment = {**os.environ, 'PYTHON': sys.executable, 'OMP_NUM_THREADS': '1', 'CUDA_VISIBLE_DEVICES': ''}
    done = subprocess.run([ROOT / 'tools' / 'dist_train.sh', file, '2'], capture_output=True, text=True, timeout=240,
                          env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    checkpoint = tmp_path / 'run' / 'epoch_2.pth'
    assert call('test', file, checkpoint, '--work-dir', tmp_path / 'one')[0] == 0
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-m', 'torch.distributed.run', '--nproc_per_node=2', '--master_port=29713',
         ROOT / 'tools' / 'test.py', file, checkpoint, '--launcher', 'pytorch', '--work-dir', tmp_path / 'two'],
        capture_output=True, text=True, timeout=240, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    one, two = (json.loads((tmp_path / name / 'metrics.json').read_text()) for name in ('one', 'two'))
    assert one.pop('checkpoint') == two.pop('checkpoint')
    assert one == pytest.approx(two, abs=1e-4, nan_ok=True)  # other batches round the maps differently


def no_masks(root):
    shutil.rmtree(root / 'ground_truth')


def test_defects_without_masks_have_image_metrics_only(config, data, tmp_path, call):
    no_masks(data)
    file = config()
    assert call('train', file)[0] == 0
    assert call('test', file, tmp_path / 'run' / 'epoch_2.pth')[0] == 0
    metrics = json.loads((tmp_path / 'run' / 'metrics.json').read_text(), parse_constant=pytest.fail)  # NaN is no JSON
    assert metrics['pixel_auroc'] is None and metrics['aupro'] is None and 0 <= metrics['image_auroc'] <= 1


def test_good_images_alone_are_enough_for_a_training(config, data, tmp_path, call, messages):
    for folder in ('test', 'ground_truth'):
        shutil.rmtree(data / folder)
    file = config()
    assert call('train', file)[0] == 0
    assert any('WITHOUT validation' in text and str(data / 'test') in text for text in messages)
    assert (tmp_path / 'run' / 'epoch_2.pth').is_file()
    status, _, error = call('test', file, tmp_path / 'run' / 'epoch_2.pth')
    assert status == 2 and 'there are no test images' in error


def with_holdout(make, train_share=0.25):
    """A config whose threshold is fitted on a quarter of the good images."""
    file = make(**{'train_dataloader.dataset.holdout': train_share})
    cfg = Config.fromfile(file)
    hook = next(hook for hook in cfg.custom_hooks if hook.type == 'ThresholdHook')
    dataset = dict(cfg.test_dataloader.dataset, split='holdout', holdout=0.25)
    hook.holdout_dataloader = dict(batch_size=4, dataset=dataset)
    cfg.dump(file)
    return file


def test_images_kept_from_the_training_make_the_threshold(config, tmp_path, call):
    assert call('train', with_holdout(config))[0] == 0
    state = torch.load(tmp_path / 'run' / 'epoch_2.pth', weights_only=False)['threshold']
    assert (state['origin'], state['count']) == ('hold-out normal images', 2)


def test_a_damaged_holdout_image_is_found_before_anything_is_written(config, data, tmp_path, call):
    path = MVTecDataset(str(data.parent), data.name, 'holdout', holdout=0.25).get_data_info(0)['img_path']
    Path(path).write_bytes(b'no image')
    status, _, error = call('train', with_holdout(config))
    assert status == 2 and error.count('\n') == 1 and path in error and not (tmp_path / 'run').exists()


@pytest.mark.parametrize('share', [0.0, 0.5])
def test_a_holdout_that_is_trained_on_is_refused(share, config, tmp_path, call):
    status, _, error = call('train', with_holdout(config, share))
    if share:  # all of the hold-out is kept from the training, and more
        assert status == 0
    else:
        assert status == 2 and '2 of 2 images of holdout_dataloader of ThresholdHook are also trained on' in error
        assert not (tmp_path / 'run').exists()


def test_flat_folders_that_are_divided_in_two_ways_are_refused(config, data, tmp_path, call):
    flat = tmp_path / 'data' / 'flat'
    shutil.copytree(data / 'train' / 'good', flat / 'normal')
    shutil.copytree(data / 'test' / 'hole', flat / 'abnormal')
    cfg = Config.fromfile(config())
    for part, seed in (('train', 0), ('val', 0), ('test', 1)):
        dataset = cfg[f'{part}_dataloader'].dataset
        dataset.update(type='FolderDataset', data_root=str(flat), seed=seed, train_ratio=0.5)
        del dataset['category']
    cfg.dump(tmp_path / 'config.py')
    status, _, error = call('train', tmp_path / 'config.py')
    assert status == 2 and 'images of test_dataloader are also trained on' in error
    assert not (tmp_path / 'run').exists()


def test_augmentation_does_not_go_with_kept_features(config, tmp_path, call):
    file = config()
    cfg = Config.fromfile(file)
    cfg.train_dataloader.dataset.pipeline.insert(2, dict(type='RotateTexture'))
    cfg.dump(file)
    status, _, error = call('train', file)
    assert status == 2 and 'cache_features' in error and 'RotateTexture' in error and not (tmp_path / 'run').exists()


@pytest.mark.parametrize(('options', 'said'), [
    ({'train_dataloader.batch_size': 9, 'train_dataloader.drop_last': True}, '8 images are less than one batch_size'),
    ({'model.cache_dtype': 'bf16'}, 'bfloat16, float32'),
    ({'train_dataloader.dataset.scan_pattern': '('}, 'no regular expression'),
    ({'model.decoder.blocks': (2, 2)}, 'three stages'),
    ({'model.teacher.features': 2}, 'needs a teacher with 3 levels'),
    ({'train_dataloader.batch_size': 1, **{f'{part}_dataloader.dataset.pipeline.1.size': (32, 32)
                                           for part in ('train', 'val', 'test')}}, 'BatchNorm gets a single value'),
])
def test_values_that_no_training_can_use(options, said, config, tmp_path, call):
    status, _, error = call('train', config(**options))
    assert status == 2 and error.count('\n') == 1 and said in error, error
    assert not list((tmp_path / 'run').glob('*.pth'))


def test_a_checkpoint_belongs_to_the_weights_of_one_teacher(config, tmp_path, call):
    paths = [tmp_path / f'teacher{i}.pth' for i in range(2)]
    for path in paths:
        torch.save(ResNetTeacher().state_dict(), path)
    checkpoint = tmp_path / 'run' / 'epoch_1.pth'
    assert call('train', config(**{'model.teacher.weights': str(paths[0]), 'train_cfg.max_epochs': 1}))[0] == 0
    assert call('test', config(**{'model.teacher.weights': str(paths[0])}), checkpoint)[0] == 0
    other = config(**{'model.teacher.weights': str(paths[1])})
    for arguments in (('test', other, checkpoint), ('train', other, '--resume')):
        status, _, error = call(*arguments)
        assert status == 2 and 'teacher of other weights' in error and error.count('\n') == 1
    with pytest.raises(UserError, match='teacher of other weights'):
        AnomalyInferencer(other, checkpoint)


def test_a_threshold_belongs_to_one_kind_of_maps(config, data, tmp_path, call):
    assert call('train', config(**{'train_cfg.max_epochs': 1}))[0] == 0
    checkpoint = tmp_path / 'run' / 'epoch_1.pth'
    other = config(**{'model.map_head.fusion': 'prod'})
    status, said, _ = call('test', other, checkpoint)
    assert status == 0 and 'is NOT used' in said and 'map_head.fusion is "prod", was "sum"' in said
    for file, known in ((config(), True), (other, False)):
        cfg = Config.fromfile(file)
        cfg.model.map_head.fusion = 'sum' if known else 'prod'
        found = AnomalyInferencer(cfg, checkpoint)(str(data / 'test' / 'hole' / '0.png'))['predictions'][0]
        assert (found['threshold'] is not None) == known


MISTAKES = {
    'no good images': (lambda root: shutil.rmtree(root / 'train' / 'good'), 'train'),
    'empty train/good': (lambda root: [p.unlink() for p in (root / 'train' / 'good').iterdir()], 'good'),
    'mask of another size': (lambda root: cv2.imwrite(str(root / 'ground_truth/hole/0_mask.png'),
                                                      np.full((32, 64), 255, np.uint8)), '0_mask.png'),
    'unreadable image': (lambda root: (root / 'train' / 'good' / '3.png').write_bytes(b'no image'), '3.png'),
    'truncated image': (lambda root: (root / 'test' / 'hole' / '1.png').write_bytes(
        (root / 'test' / 'hole' / '1.png').read_bytes()[:-900]), '1.png'),
    'defects under train': (lambda root: shutil.copytree(root / 'test' / 'hole', root / 'train' / 'hole'), 'hole'),
    'defective image among the good': (lambda root: shutil.copy(root / 'test/hole/0.png', root / 'train/good/99.png'),
                                       '99.png'),
}


@pytest.mark.parametrize('name', MISTAKES)
def test_wrong_data_ends_before_anything_is_written(name, config, data, tmp_path, call):
    damage, said = MISTAKES[name]
    damage(data)
    status, _, error = call('train', config())
    assert status == 2 and error.count('\n') == 1 and said in error, error
    assert not (tmp_path / 'run').exists()


def test_sides_that_do_not_divide(config, tmp_path, call):
    file = config(**{'train_dataloader.dataset.pipeline.1.size': (60, 64)})
    status, _, error = call('train', file)
    assert status == 2 and 'multiples of 32' in error
    assert not (tmp_path / 'run').exists()


def test_checkpoint_of_another_method(config, tmp_path, call):
    assert call('train', config())[0] == 0
    shutil.move(tmp_path / 'run' / 'epoch_2.pth', tmp_path / 'rd4ad.pth')
    other = config(**{'model.bottleneck.fusion.type': 'AKF'})
    status, _, error = call('test', other, tmp_path / 'rd4ad.pth')
    assert status == 2 and 'is not one of this config' in error


def test_category_is_an_option(config, data, tmp_path, call):
    data.rename(data.with_name('twill'))
    file = config()
    status, _, error = call('train', file, '--work-dir', tmp_path / 'a')
    assert status == 2 and 'weave' in error
    assert call('train', file, '--cfg-options', 'category=twill')[0] == 0


def test_a_checkpoint_with_its_teacher_needs_no_other_file(config, tmp_path, call):
    teacher, checkpoint = tmp_path / 'teacher.pth', tmp_path / 'run' / 'epoch_1.pth'
    torch.save(ResNetTeacher().state_dict(), teacher)
    file = config(**{'model.teacher.weights': str(teacher), 'train_cfg.max_epochs': 1, 'model.save_teacher': True})
    assert call('train', file)[0] == 0
    before = AnomalyInferencer(file, checkpoint).inspector.network.module.model.teacher.state_dict()
    teacher.unlink()
    status, said, _ = call('test', file, checkpoint)
    assert status == 0 and 'RANDOM' not in said
    after = AnomalyInferencer(file, checkpoint).inspector.network.module.model.teacher.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    status, _, error = call('train', file, '--work-dir', tmp_path / 'other')
    assert status == 2 and 'give model.teacher.weights a file' in error and 'MMINSPECT_WEIGHTS' in error


def test_paths_of_a_test_are_looked_at_first(config, tmp_path, call):
    status, _, error = call('test', config(), tmp_path / 'none' / 'epoch_1.pth')
    assert status == 2 and 'does not exist' in error and not (tmp_path / 'none').exists()
    for name in ('epoch_1.pth', 'file'):
        (tmp_path / name).touch()
    status, _, error = call('test', config(), tmp_path / 'epoch_1.pth', '--show-dir', tmp_path / 'file' / 'below')
    assert status == 2 and '--show-dir' in error and 'is a file' in error


@pytest.mark.parametrize(('arguments', 'said'), [
    (('--seed', -5), '--seed is -5'), (('--cfg-options', 'optim_wrapper.optimizer.lr=-1'), 'Invalid learning rate'),
    (('--cfg-options', 'default_hooks.chekpoint.interval=1'), 'did you mean checkpoint'),
    (('--cfg-options', 'train_cfg.max_epochs=0'), 'give a whole number'),
    (('--cfg-options', 'max_epochs=1'), 'train_cfg.max_epochs instead')])
def test_mistakes_of_the_command_line(arguments, said, config, call):
    status, _, error = call('train', config(), *arguments)
    assert status == 2 and said in error and error.count('\n') == 1, error

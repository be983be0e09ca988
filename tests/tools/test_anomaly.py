"""tools/train.py and tools/test.py on an anomaly model, from the command line: what works, and foreseeable mistakes."""
import json
import os
import shutil
import subprocess
import sys
import uuid

import cv2
import numpy as np
import pytest
import torch
from helpers import ROOT
from mmengine.config import Config

CONFIG = ROOT / 'configs' / 'anomaly_rd' / 'demo' / 'rd4ad_r18_20e_textures.py'


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
    metrics = json.loads((tmp_path / 'run' / 'metrics.json').read_text())
    assert np.isnan(metrics['pixel_auroc']) and np.isnan(metrics['aupro']) and 0 <= metrics['image_auroc'] <= 1


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

"""Two phases counted in iterations, from the command line: in two processes, resumed, and with a random teacher."""
import os
import subprocess
import sys
import uuid

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from helpers import ROOT

CONFIG = ROOT / 'configs' / 'anomaly_rd' / 'textile' / 'textile_r18_5000i_mvtec.py'
THIN = dict(type='mmpretrain.ResNet', depth=18, stem_channels=8, base_channels=8, out_indices=(0, 1, 2))


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Four iterations of two images of 64x64, two for each phase, with checkpoints every two; a thin random teacher."""
    for i, part in enumerate(('train/good',) * 5 + ('test/good', 'test/hole')):
        path = tmp_path / 'data' / 'mvtec' / 'bottle' / part / f'{i}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.random.default_rng(i).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    monkeypatch.setenv('MMINSPECT_DATA', str(tmp_path / 'data'))

    def make():
        cfg = Config.fromfile(CONFIG)
        for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
            loader.dataset.pipeline[1].size = (64, 64)
            loader.batch_size = 2
        cfg.model.teacher = dict(type='BackboneTeacher', backbone=THIN)
        cfg.merge_from_dict(dict(
            model=dict(student=dict(width=8), head=dict(channels=16, in_channels=(8, 16, 32))),
            train_cfg=dict(max_iters=4, val_interval=2), work_dir=str(tmp_path / 'run'),
            experiment_name=uuid.uuid4().hex, default_hooks=dict(checkpoint=dict(interval=2, max_keep_ckpts=-1))))
        cfg.custom_hooks[-1].switch_at = 2
        cfg.dump(tmp_path / 'config.py')
        return tmp_path / 'config.py'
    return make


def weights(path):
    return torch.load(path, weights_only=False)['state_dict']


def changed(first, second, part):
    return any(not torch.equal(value, second[name]) for name, value in first.items() if name.startswith(part))


def test_resumed_run_equals_the_uninterrupted_one(config, tmp_path, call):
    """Whatever the pipeline draws: rotations, pieces and their places."""
    assert call('train', config())[0] == 0
    middle, whole = (weights(tmp_path / 'run' / f'iter_{k}.pth') for k in (2, 4))
    (tmp_path / 'run' / 'iter_4.pth').unlink()
    assert call('train', config(), '--resume', tmp_path / 'run' / 'iter_2.pth')[0] == 0
    resumed = weights(tmp_path / 'run' / 'iter_4.pth')
    assert whole.keys() == resumed.keys() and changed(middle, whole, 'head.') and not changed(middle, whole, 'student.')
    assert all(torch.equal(value, resumed[key]) for key, value in whole.items())
    assert not changed(middle, whole, 'teacher.') and changed(middle, {k: 0 * v for k, v in middle.items()}, 'teacher.')


def test_two_processes_train_both_phases(config, tmp_path):
    """Each phase leaves half of the parameters without gradients, which DDP has to be told."""
    file = config()
    done = subprocess.run(
        [ROOT / 'tools' / 'dist_train.sh', file, '2'], capture_output=True, text=True, timeout=240,
        env={**os.environ, 'PYTHON': sys.executable, 'OMP_NUM_THREADS': '1', 'CUDA_VISIBLE_DEVICES': ''})
    assert done.returncode == 0, done.stderr[-2000:]
    middle, last = (weights(tmp_path / 'run' / f'iter_{k}.pth') for k in (2, 4))
    assert changed(middle, last, 'head.') and not changed(middle, last, 'student.')

"""docs/add_a_method.md: its files are written down as they stand there, and go through every command of the project."""
from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

import helpers
from anomaly_rd.models.teachers import ResNetTeacher
from guide_helpers import check_own_test, write_blocks
from mminspect.inspection import load_inspector

GUIDE = (helpers.ROOT / 'docs/add_a_method.md').read_text()
MODULE, CONFIG = 'patch_bank', 'patch_bank_r18.py'


def picture(path: Path, seed: int, defect: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(seed).integers(90, 120, (64, 64), dtype=np.uint8)
    image[20:30, 24:40] = 250 if defect else image[20:30, 24:40]
    cv2.imwrite(str(path), image)


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The guide's Python blocks under the names in their first lines, pictures, and weights of a teacher."""
    folder = tmp_path_factory.mktemp('guide')
    write_blocks(GUIDE, folder, "'configs/", f"'{helpers.ROOT}/configs/")
    for i in range(25):
        picture(folder / 'data' / 'mvtec' / 'plate' / 'train' / 'good' / f'{i}.png', i)
    for i in range(4):
        picture(folder / 'data' / 'mvtec' / 'plate' / 'test' / 'good' / f'{i}.png', 100 + i)
        picture(folder / 'data' / 'mvtec' / 'plate' / 'test' / 'hole' / f'{i}.png', 200 + i, defect=True)
        mask = np.zeros((64, 64), np.uint8)
        mask[20:30, 24:40] = 255
        (folder / 'data' / 'mvtec' / 'plate' / 'ground_truth' / 'hole').mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / 'data' / 'mvtec' / 'plate' / 'ground_truth' / 'hole' / f'{i}_mask.png'), mask)
    (folder / 'weights').mkdir()
    torch.save(ResNetTeacher(depth=18).state_dict(), folder / 'weights' / 'resnet18_imagenet_stages1-3.pth')
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, value in dict(DATA='data', DATASET='mvtec', CATEGORY='plate', WEIGHTS='weights').items():
            patch.setenv(f'MMINSPECT_{name}', value)
        yield folder
    sys.modules.pop(MODULE, None)


def test_the_file_and_the_config_are_short() -> None:
    code = dict(re.findall(r'```python\n# (\w+\.py)\n(.*?)```', GUIDE, re.S))
    assert len(code['patch_bank.py'].splitlines()) <= 100 and len(code[CONFIG].splitlines()) <= 15


def test_the_guides_own_test_passes(folder: Path) -> None:
    check_own_test(folder, 'test_patch_bank.py', passed=1)


def test_the_method_goes_through_every_command(folder: Path, call: Callable[..., tuple]) -> None:
    run, checkpoint = folder / 'work_dirs' / 'bank', folder / 'work_dirs' / 'bank' / 'epoch_1.pth'
    new, shape = folder / 'data' / 'mvtec' / 'plate' / 'test', ('--shape', 256, 256)

    # a process of its own: the guide's command as a user types it
    trained = subprocess.run([sys.executable, '-W', 'ignore', helpers.ROOT / 'tools' / 'train.py', CONFIG, '--work-dir',
                              run], cwd=folder, capture_output=True, text=True,
                             env={**os.environ, 'PYTHONPATH': str(helpers.ROOT / 'projects')})
    assert trained.returncode == 0, trained.stdout + trained.stderr
    assert 'hold-out normal images: quantile 0.995, 5 images' in trained.stdout + trained.stderr
    saved = torch.load(checkpoint, weights_only=False)
    assert saved['state_dict']['bank'].shape == (2000, 128) and saved['meta']['epoch'] == 1

    changed = checkpoint.stat().st_mtime_ns
    status, said, error = call('train', CONFIG, '--work-dir', run, '--resume')
    assert status == 0 and checkpoint.stat().st_mtime_ns == changed, error

    status, said, error = call('test', CONFIG, checkpoint, '--show-dir', 'pictures')
    metrics = json.loads((run / 'metrics.json').read_text())
    assert status == 0 and metrics['image_auroc'] == 1 and metrics['pixel_auroc'] > 0.9, error
    assert len(list((run / 'pictures').glob('*.png'))) == 8 + 2

    status, said, error = call('calibrate', checkpoint, new / 'good', '--false-reject-rate', 0.2)
    assert status == 2 and f'give --import {MODULE} if you trust it' in error
    status, said, error = call('calibrate', checkpoint, new / 'good', '--false-reject-rate', 0.2, '--import', MODULE)
    assert status == 0 and 'stored in' in said, error

    status, said, error = call('inspect_images', checkpoint, new, '--out', 'results', '--maps', '--import', MODULE)
    assert status == 0 and '4 defects, 4 good' in said, said + error

    status, said, error = call('deploy/export', checkpoint, '--out', 'bank.onnx', '--import', MODULE)
    assert status == 0 and 'largest difference from PyTorch' in said, error
    ours, theirs = load_inspector(checkpoint, imports=[MODULE]), load_inspector(folder / 'bank.onnx')
    for image in sorted(new.rglob('*.png')):
        assert theirs(image).score == pytest.approx(ours(image).score, abs=1e-3)
        np.testing.assert_allclose(theirs(image).anomaly_map, ours(image).anomaly_map, atol=1e-3)

    status, said, error = call('analysis/complexity', CONFIG, checkpoint, *shape)
    assert status == 0 and 'FLOPs' in said, error
    status, said, error = call('analysis/speed', CONFIG, checkpoint, *shape, '--images', 2, '--warmup', 1)
    assert status == 0 and 'images per second' in said, error
    answers_as_a_station(folder)


def answers_as_a_station(folder: Path) -> None:
    """The guide's last command, where the station's extra is installed."""
    pytest.importorskip('channels', reason='the station is an extra: pip install .[web]')
    from station_site import Client, eventually
    from station_tool import Tool
    tool = Tool(folder / 'station', '--model', 'bank.onnx', '--port', '0',
                PYTHONPATH=str(helpers.ROOT / 'projects'))
    try:
        client = Client(tool.port())
        eventually(lambda: client.get('/api/status').json['state'] == 'running', 60)
    finally:
        tool.process.kill()
        tool.end()

"""What every command does with a checkpoint: opens it once, notices damage, and runs nothing that lies beside it."""
from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from helpers import ROOT
from model_files import anomaly_files
from station_helpers import runner_cfg, write_category

#: What the audit hook below counts, by path; a hook cannot be removed again, so that there is one for all tests.
_COUNTED: dict[str, int] = {}


def _count(event: str, arguments: tuple) -> None:
    if event == 'open' and _COUNTED and isinstance(arguments[0], (str, bytes, os.PathLike)):
        path = os.fsdecode(arguments[0])
        if path in _COUNTED:
            _COUNTED[path] += 1


@contextmanager
def counting(path: Path) -> Iterator[Callable[[], int]]:
    """A function that says how often the file was opened in the block."""
    if not hasattr(counting, 'hook'):
        sys.addaudithook(_count)
        counting.hook = True
    _COUNTED[str(path)] = 0
    try:
        yield lambda: _COUNTED[str(path)]
    finally:
        _COUNTED.clear()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A config file of a tiny model that is trained for two epochs."""
    write_category(tmp_path / 'data')
    hook = dict(type='ThresholdHook', rule='max')
    cfg = runner_cfg(tmp_path / 'data', tmp_path / 'run', [hook], model=dict(gain=0.5))
    cfg.dump(tmp_path / 'brightness.py')
    return tmp_path / 'brightness.py'


@pytest.fixture
def checkpoint(config: Path, tmp_path: Path, call: Callable) -> Path:
    """Of the first of two epochs, away from the work dir."""
    status, _, error = call('train', config)
    assert status == 0, error
    (tmp_path / 'kept').mkdir()
    return (tmp_path / 'run' / 'epoch_1.pth').rename(tmp_path / 'kept' / 'epoch_1.pth')


#: Arguments of every command that reads a checkpoint.
COMMANDS: dict[str, tuple[str, ...]] = {
    'test': ('test', '{config}', '{checkpoint}'),
    'resume': ('train', '{config}', '--resume', '{checkpoint}'),
    'load_from': ('train', '{config}', '--cfg-options', 'load_from={checkpoint}'),
    'inspect': ('inspect_images', '{checkpoint}', '{images}', '--out', '{out}'),
    'inspect --config': ('inspect_images', '{checkpoint}', '{images}', '--out', '{out}', '--config', '{config}'),
    'calibrate': ('calibrate', '{checkpoint}', '{images}', '--false-reject-rate', '0.5'),
    'export': ('deploy/export', '{checkpoint}', '--out', '{out}.onnx'),
    'speed': ('analysis/speed', '{config}', '{checkpoint}', '--shape', '32', '32', '--images', '1', '--warmup', '0'),
}


def arguments_of(name: str, config: Path, checkpoint: Path, tmp_path: Path) -> list[str]:
    places = dict(config=config, checkpoint=checkpoint, images=tmp_path / 'data/plate/train/good', out=tmp_path / 'out')
    return [argument.format(**places) for argument in COMMANDS[name]]


@pytest.mark.parametrize('name', COMMANDS)
def test_a_checkpoint_is_opened_once(name: str, config: Path, checkpoint: Path, tmp_path: Path, call: Callable) -> None:
    before = checkpoint.read_bytes()
    with counting(checkpoint) as count:
        status, _, error = call(*arguments_of(name, config, checkpoint, tmp_path))
        assert (status, count()) == (0, 1), error
    assert (checkpoint.read_bytes() != before) == (name == 'calibrate')  # which writes a sibling and exchanges the two


def test_an_inspector_opens_it_once_and_twice_is_counted(checkpoint: Path) -> None:
    from anomaly_rd.apis import AnomalyInferencer
    from mminspect.inspection import load_inspector
    for door in (load_inspector, AnomalyInferencer):
        with counting(checkpoint) as count:
            door(checkpoint)
            assert count() == 1
            torch.load(checkpoint, weights_only=False)
            assert count() > 1


def rot(path: Path, tail: int = 0) -> None:
    """2000 random bytes in the middle of 400 kB of weights; ``tail``: the file also ends so many bytes early."""
    content = torch.load(path, weights_only=False)
    content['optimizer']['more'] = torch.rand(100_000)
    torch.save(content, path)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle:middle + 2000] = random.Random(0).randbytes(2000)
    path.write_bytes(data[:len(data) - tail])


@pytest.mark.parametrize('tail', [0, 100])
@pytest.mark.parametrize('name', COMMANDS)
def test_damage_is_told_in_one_sentence(name: str, tail: int, config: Path, checkpoint: Path, tmp_path: Path,
                                        call: Callable) -> None:
    rot(checkpoint, tail)
    before = checkpoint.read_bytes()
    status, _, error = call(*arguments_of(name, config, checkpoint, tmp_path))
    said = [line for line in error.splitlines() if line.startswith('error: ')]
    assert status == 2 and said == error.splitlines()[-1:] and 'is damaged or cut short' in said[0], error
    assert 'Traceback' not in error and checkpoint.read_bytes() == before


def test_damage_is_told_when_a_station_starts(checkpoint: Path) -> None:
    pytest.importorskip('django', reason='the station is an extra: pip install .[web]')
    from mminspect.station.worker import Factory
    from worker_helpers import Answers, wait_until
    rot(checkpoint)
    client = Answers().client(Factory('mminspect.inspection:load_inspector', model=str(checkpoint)))
    client.start()
    try:
        wait_until(lambda: client.failure is not None)
        assert f'checkpoint {checkpoint} is damaged or cut short' in client.failure and '\n' not in client.failure
    finally:
        client.close()


def run(tool: str, *arguments: Any, cwd: Path) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, '-W', 'ignore', str(ROOT / 'tools' / tool), *map(str, arguments)], cwd=cwd,
                          capture_output=True, text=True, timeout=300)


def test_nothing_in_the_working_directory_is_run(tmp_path: Path) -> None:
    """As a process of its own, whose sys.path is what Python makes of it: a folder with a downloaded checkpoint."""
    checkpoint = anomaly_files(tmp_path / 'download')
    trace = str(tmp_path / 'download' / 'executed')  # mmengine runs a copy of a config, in another folder
    program = f'import os\nos.close(os.open({trace!r}, os.O_CREAT))\nmodel = dict()\n'
    for name in ('evil', 'rd4ad', 'config', 'anomaly_rd', 'torch', 'sitecustomize', 'usercustomize'):
        (tmp_path / 'download' / f'{name}.py').write_text(program)
    cv2.imwrite(str(tmp_path / 'download' / 'a.png'), np.zeros((64, 64), np.uint8))
    done = run('inspect_images.py', checkpoint.name, 'a.png', '--out', 'out', cwd=tmp_path / 'download')
    assert done.returncode == 0 and (tmp_path / 'download' / 'out' / 'results.jsonl').is_file(), done.stderr
    assert not (tmp_path / 'download' / 'executed').exists()

    content = torch.load(checkpoint, weights_only=True)
    content['config']['values']['custom_imports']['imports'].append('evil')
    torch.save(content, checkpoint)
    for tool, *arguments in (('inspect_images.py', checkpoint.name, 'a.png', '--out', 'more'),
                             ('deploy/export.py', checkpoint.name, '--out', 'model.onnx')):
        done = run(tool, *arguments, cwd=tmp_path / 'download')
        assert done.returncode == 2 and done.stderr.count('\n') == 1, done.stderr
        assert 'wants the Python module evil' in done.stderr and '--import evil' in done.stderr
        assert not (tmp_path / 'download' / 'executed').exists()
    done = run('inspect_images.py', checkpoint.name, 'a.png', '--out', 'more', '--import', 'evil',
               cwd=tmp_path / 'download')
    assert done.returncode == 0 and (tmp_path / 'download' / 'executed').exists(), done.stderr


@pytest.mark.parametrize('name', ['inspect', 'calibrate', 'export'])
def test_the_working_directory_is_not_on_the_path(name: str, config: Path, checkpoint: Path, tmp_path: Path,
                                                  call: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / 'elsewhere').mkdir()
    monkeypatch.chdir(tmp_path / 'elsewhere')
    assert call(*arguments_of(name, config, checkpoint, tmp_path))[0] == 0
    assert not {'', '.', str(tmp_path / 'elsewhere')} & set(sys.path)
    Config.fromfile(config)  # it is a program that could be run, and was not needed

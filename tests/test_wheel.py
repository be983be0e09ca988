"""The package as others install it: the wheel, away from the checkout, through the command ``mminspect``."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from helpers import ROOT
from mminspect.command import INTERNAL

#: A small RD4AD on small pictures, in a folder of the user's own.
CONFIG = """_base_ = ['mminspect::anomaly_rd/_base_/rd4ad_r18.py', 'mminspect::_base_/datasets/textures_demo.py',
           'mminspect::anomaly_rd/_base_/cpu_20e.py', 'mminspect::_base_/anomaly_runtime.py']
model = dict(teacher=dict(weights=None))
train_cfg = dict(max_epochs=1)
"""
SMALL = ('--train', '8', '--good', '4', '--defective', '2', '--calibration', '4', '--size', '64')
#: Nothing of the checkout is in sight, and no network is needed.
CLEAN = {name: value for name, value in os.environ.items() if name != 'PYTHONPATH' and not name.startswith('MMINSPECT')}
CLEAN['OMP_NUM_THREADS'] = '1'  # the pictures are tiny


@pytest.fixture(scope='module')
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that the checkout stays as it is."""
    source, out = tmp_path_factory.mktemp('source'), tmp_path_factory.mktemp('wheel')
    for name in ('setup.py', 'pyproject.toml', 'MANIFEST.in', 'README.md', 'LICENSE', 'model-index.yml'):
        shutil.copy2(ROOT / name, source)
    for name in ('projects', 'configs', 'tools', 'requirements'):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns('__pycache__', '*.egg-info'))
    pip('wheel', '--no-deps', '--no-build-isolation', '--wheel-dir', str(out), str(source))
    return next(out.glob('*.whl'))


@pytest.fixture(scope='module')
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``mminspect`` of an environment with the wheel, which sees the libraries of this one."""
    folder = tmp_path_factory.mktemp('environment') / 'venv'
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', folder], check=True)
    python = folder / 'bin/python'
    site = subprocess.run([python, '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'], check=True,
                          capture_output=True, text=True).stdout.strip()
    Path(site, 'libraries.pth').write_text(sysconfig.get_path('purelib') + '\n')
    pip('--python', str(python), 'install', '--no-deps', '--no-index', str(wheel))
    return folder / 'bin/mminspect'


def pip(*arguments: str) -> None:
    done = subprocess.run([sys.executable, '-m', 'pip', '--disable-pip-version-check', *arguments],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def run(command: Path, *words: str, cwd: Path) -> str:
    """Its output; it has to end well."""
    done = subprocess.run([command, *words], cwd=cwd, env=CLEAN, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def test_what_is_in_it(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {f'mminspect/.mim/{path.relative_to(ROOT).as_posix()}' for folder in ('configs', 'tools')
                for path in (ROOT / folder).rglob('*') if path.is_file() and '__pycache__' not in path.parts
                and not {*path.relative_to(ROOT / folder).parts} & {*INTERNAL}}
    assert {name for name in names if name.startswith('mminspect/.mim/')} == \
        {*expected, 'mminspect/.mim/model-index.yml'}
    packages = {path.relative_to(ROOT / 'projects').as_posix() for path in (ROOT / 'projects').rglob('*.py')}
    assert {name for name in names if name.endswith('.py') and '.mim' not in name} == packages
    assert any(name.startswith('mminspect/station/static/') for name in names)


def test_it_is_the_wheel_that_runs(command: Path, tmp_path: Path) -> None:
    code = 'import mminspect.core.home as h; print(h.home())'
    done = subprocess.run([command.parent / 'python', '-c', code], cwd=tmp_path, env=CLEAN, capture_output=True,
                          text=True, check=True)
    assert done.stdout.strip().endswith('mminspect/.mim') and str(ROOT) not in done.stdout
    assert '  train ' in run(command, '--help', cwd=tmp_path)


def test_from_pictures_to_a_decision(command: Path, tmp_path: Path) -> None:
    """A sweep trains and tests in processes of their own, with a config that inherits from the wheel's."""
    run(command, 'make-textures', 'data/textures', *SMALL, cwd=tmp_path)
    (tmp_path / 'own.py').write_text(CONFIG)
    run(command, 'sweep', '--configs', 'own.py', '--data-root', 'data/textures', cwd=tmp_path)
    record = json.loads((tmp_path / 'work_dirs/sweep/sweep.json').read_text())
    assert 'weave' in json.dumps(record) and not record.get('failed')
    checkpoint = next((tmp_path / 'work_dirs').rglob('epoch_1.pth')).relative_to(tmp_path)
    run(command, 'export', str(checkpoint), '--out', 'model.onnx', cwd=tmp_path)
    good = Path('data/textures/weave/test/good')
    run(command, 'calibrate', 'model.onnx', str(good), '--false-reject-rate', '0.5', cwd=tmp_path)
    run(command, 'inspect', 'model.onnx', str(good), '--out', 'results', cwd=tmp_path)
    assert len((tmp_path / 'results/results.jsonl').read_text().splitlines()) == 4


def test_configs_by_name(command: Path, tmp_path: Path) -> None:
    failed = subprocess.run([command, 'train', 'anomaly_rd/rd4ad/rd4ad_r18_20e_mvtec'], cwd=tmp_path, env=CLEAN,
                            capture_output=True, text=True)
    assert failed.returncode == 2 and 'data/mvtec' in failed.stderr.splitlines()[-1]  # its data is not there

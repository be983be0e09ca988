"""``mminspect check`` from the command line, in both halves, and what a training prints of its data."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import ROOT, load_tool, shared
from mminspect.core.errors import UserError
from survey_helpers import anomaly_config, anomaly_set, coco_set, detection_config, save, scene


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def anomaly(tmp_path: Path) -> Path:
    return anomaly_config(anomaly_set(tmp_path / 'part', counts=(6, 6, 6)), tmp_path / 'part_config.py')


@pytest.fixture
def detection(tmp_path: Path) -> Path:
    for name, first in (('train', 0), ('val', 10)):
        pictures = {f'{number}.png': scene(number, 96) for number in range(first, first + 6)}
        coco_set(tmp_path / 'data', name, pictures, {file: [[10, 10, 30, 30]] for file in pictures})
    return detection_config(tmp_path / 'data', tmp_path / 'line_config.py')


def test_an_anomaly_set(anomaly: Path, tmp_path: Path, call: Callable) -> None:
    status, out, err = call('check', anomaly)
    assert (status, err) == (0, '') and 'nothing odd was found' in out
    page = tmp_path / 'work_dirs' / 'check' / 'part_config.html'
    assert str(page.relative_to(tmp_path)) in out and 'Check of part_config' in page.read_text()
    assert [path.name for path in page.parent.iterdir()] == [page.name]


def test_a_detection_set_with_figures(detection: Path, tmp_path: Path, call: Callable) -> None:
    status, out, _ = call('check', detection, '--out', 'a/page.html', '--json', 'b/figures.json')
    content = json.loads((tmp_path / 'b' / 'figures.json').read_text())
    assert status == 0 and content['splits']['train']['counts'] == {'hair': 6} and content['stride'] == 8
    assert (tmp_path / 'a' / 'page.html').is_file() and 'b/figures.json' in out


def test_errors_are_in_the_report_and_in_the_status(detection: Path, tmp_path: Path, call: Callable) -> None:
    (tmp_path / 'data' / 'train' / '3.png').write_bytes(b'\x89PNG\r\n\x1a\nno')
    status, out, err = call('check', detection, '--json', 'figures.json')
    assert status == 2 and err == '' and 'Traceback' not in out and "3.png' is" in out
    content = json.loads((tmp_path / 'figures.json').read_text())
    assert content['splits']['train']['readable'] == 5 and content['splits']['val = test']['readable'] == 6


def test_warnings_leave_the_status_alone(anomaly: Path, tmp_path: Path, call: Callable) -> None:
    save(scene(2), tmp_path / 'part' / 'test' / 'good' / 'again.bmp')
    status, out, _ = call('check', anomaly)
    assert status == 0 and '1 of 13 images is also in train' in out


@pytest.mark.parametrize(('words', 'said'), [
    (['--out', '.'], 'is a folder'), (['--json', '.'], 'is a folder'), (['--out', 'part_config.py/a'], '--out'),
    (['--out', 'a', '--json', './a'], 'same file'), (['--workers', '0'], '--workers'), (['--min-size', 'nan'], '--min'),
    (['--min-size', '-1'], '--min-size'), (['--cfg-options', 'modle.a=1'], 'modle')])
def test_wrong_uses_are_one_sentence_before_any_work(words: list[str], said: str, anomaly: Path,
                                                     call: Callable) -> None:
    shutil.rmtree('part')  # nothing is looked at
    status, out, err = call('check', anomaly, *words)
    assert status == 2 and out == '' and err.startswith('error: ') and err.count('\n') == 1 and said in err


@pytest.mark.parametrize('config', ['', 'no.py', 'part'])
def test_what_is_no_config(config: str, anomaly: Path, call: Callable) -> None:
    status, _, err = call('check', config)
    assert status == 2 and err.startswith('error: ') and err.count('\n') == 1


def test_a_folder_that_may_not_be_written(anomaly: Path, call: Callable) -> None:
    if os.access('/proc/1', os.W_OK):
        pytest.skip('needs a place where nobody can write')
    status, _, err = call('check', anomaly, '--out', '/proc/check/a.html')
    assert status == 2 and '--out' in err and err.count('\n') == 1


def test_an_interruption_leaves_nothing_behind(anomaly: Path, tmp_path: Path, call: Callable) -> None:
    def stop(*args: object) -> None:
        raise KeyboardInterrupt

    tool = load_tool('check')
    tool.survey = stop
    status, _, err = call(tool, anomaly)
    assert status == 130 and err.startswith('error: interrupted')
    assert not list(tmp_path.rglob('*.html'))


@pytest.mark.parametrize(('words', 'lines'), [((), 2), (('--resume', ), 0)])
def test_what_a_training_prints(words: tuple[str, ...], lines: int, anomaly: Path, call: Callable,
                                messages: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, behind the checks; not where it goes on."""
    def stop(*args: object) -> None:
        raise UserError('far enough')

    tool = load_tool('train')
    monkeypatch.setattr(tool.runtime, 'build_runner', stop)
    status, _, err = call(tool, anomaly, '--work-dir', 'run', *words)
    assert status == 2 and 'far enough' in err
    assert sum(line.startswith(('train: 6 images (good 6)', 'val = test: 12 images')) for line in messages) == lines


def test_one_of_several_processes_prints(anomaly: Path, call: Callable, messages: list[str],
                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('RANK', '1')
    tool = load_tool('train')
    monkeypatch.setattr(tool.runtime, 'build_runner', lambda *args: sys.exit(0))
    call(tool, anomaly, '--work-dir', 'run', '--launcher', 'pytorch')
    assert not [line for line in messages if line.startswith('train: ')]


def test_it_is_a_command(anomaly: Path, tmp_path: Path) -> None:
    environment = dict(os.environ, PYTHONPATH=str(ROOT / 'projects'))
    done = subprocess.run([sys.executable, '-W', 'ignore', '-m', 'mminspect', 'check', anomaly, '--out', 'a.html'],
                          cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and 'nothing odd' in done.stdout, done.stderr


@pytest.mark.parametrize(('name', 'low', 'high'), [
    ('mvtec_screw/screw', 1.0, 1.0), ('mvtec_transistor/transistor', 0.65, 0.69), ('elpv_mono/elpv_mono', 0.7, 0.88)])
def test_brightness_of_real_anomaly_sets(name: str, low: float, high: float, tmp_path: Path, call: Callable) -> None:
    """As the README of these sets has it: 1.0 on the screws, 0.67 on the transistors, 0.78 on all of the cells."""
    config = anomaly_config(shared(f'data/{name}'), tmp_path / 'real.py', 256)
    status, _, _ = call('check', config, '--json', 'figures.json')
    content = json.loads((tmp_path / 'figures.json').read_text())
    (cue, ) = (cue for cues in content['cues'].values() for cue in cues if cue['name'] == 'mean grey')
    assert status == 0 and low <= cue['strength'] <= high and cue['telling'] == (low > 0.9)

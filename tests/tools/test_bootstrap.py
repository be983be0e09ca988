"""The set-up script: which Pythons it takes, when it works anew, how it fails."""
import sys

import pytest

from helpers import load_tool


@pytest.fixture
def bootstrap(tmp_path, monkeypatch):
    module = load_tool('bootstrap')
    (tmp_path / 'requirements').mkdir()
    (tmp_path / 'requirements' / 'runtime.txt').write_text('torch')
    (tmp_path / 'setup.py').write_text('')
    (tmp_path / '.venv').mkdir()
    monkeypatch.setattr(module, 'ROOT', tmp_path)
    monkeypatch.setattr(module, 'STAMP', tmp_path / '.venv' / '.installed')
    return module


@pytest.mark.parametrize('version, accepted', [((3, 9), False), ((3, 10), True), ((3, 11), True), ((3, 12), True),
                                               ((3, 13), False)])
def test_python_versions(bootstrap, version, accepted):
    problem = bootstrap.check_python(version)
    assert (problem is None) == accepted
    assert accepted or (f'{version[0]}.{version[1]}' in problem and 'PYTHON=' in problem)


def test_installs_once_and_again_after_a_change(bootstrap, tmp_path, monkeypatch):
    installs = []
    monkeypatch.setattr(bootstrap, 'install', lambda: installs.append(1))
    bootstrap.main()
    bootstrap.main()
    assert len(installs) == 1
    (tmp_path / 'requirements' / 'runtime.txt').write_text('torch>2')
    bootstrap.main()
    assert len(installs) == 2


def test_no_stamp_after_a_failed_step(bootstrap, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap, 'install', lambda: bootstrap.step(
        'doing it', sys.executable, '-c', 'print("reason"); raise SystemExit(3)'))
    with pytest.raises(SystemExit) as ended:
        bootstrap.main()
    assert ended.value.code == 1 and not bootstrap.STAMP.exists()
    error = capsys.readouterr().err
    assert 'reason' in error and 'error: the set-up step "doing it" failed' in error

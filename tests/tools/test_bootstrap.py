"""The set-up script: which Pythons it takes, when it works anew, how it fails."""
import sys

import pytest

from helpers import ROOT, load_tool


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


@pytest.mark.parametrize('version, accepted', [((2, 7), False), ((3, 10), False), ((3, 11), True), ((3, 12), True),
                                               ((3, 13), True), ((3, 14), True)])
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


@pytest.mark.parametrize(('version', 'said'), [((3, 11), False), ((3, 13), False), ((3, 14), True)])
def test_a_python_newer_than_the_tested_ones_is_tried_with_a_word(bootstrap, version, said):
    remark = bootstrap.remark(version)
    assert (remark is not None) == said
    assert not said or ('3.14' in remark and 'untested' in remark)


def test_pip_and_setuptools_are_renewed_before_anything_is_installed(bootstrap, monkeypatch):
    commands = []
    monkeypatch.setattr(bootstrap, 'step', lambda what, *command: commands.append([str(word) for word in command]))
    bootstrap.install()
    installs = [command for command in commands if 'install' in command]
    assert {'--upgrade', 'pip', 'setuptools'} < set(installs[0])
    assert all('requirements/constraints.txt' in command for command in installs)


def test_what_is_said_of_python_is_the_same_everywhere(bootstrap):
    tested = [tuple(map(int, version.split('.'))) for version in load_tool('constraints').TESTED]
    assert (bootstrap.OLDEST, bootstrap.NEWEST_TESTED) == (tested[0], tested[-1])
    text = (ROOT / 'setup.py').read_text()
    assert repr(load_tool('constraints').TESTED) in text
    assert f"python_requires='>={'.'.join(map(str, tested[0]))}'" in text
    assert f'py3{tested[0][1]}' in (ROOT / 'pyproject.toml').read_text()

"""The pins: what is written and read, and that nothing is installed that they do not know."""
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import ROOT, load_tool
from mminspect.core.errors import UserError

constraints = load_tool('constraints')
PINS = constraints.read(constraints.FILE.read_text())


def test_every_distribution_of_this_environment_is_pinned():
    """In the environment that `make test` makes with exactly these versions, nothing besides."""
    found = constraints.difference(constraints.in_force(PINS), constraints.installed(),
                                   Path(sys.prefix) == ROOT / '.venv')
    assert not found, 'renew requirements/constraints.txt with `python tools/constraints.py`: ' + '; '.join(found)


@pytest.mark.parametrize('python', constraints.TESTED)
def test_every_requirement_is_pinned_once_on_each_python(python):
    names = [constraints.normalised(pin.name) for pin in PINS
             if pin.marker is None or pin.marker.evaluate(dict(python_version=python))]
    assert len(names) == len(set(names))
    for requirement in map(constraints.Requirement, constraints.requirement_lines()):
        version = constraints.in_force(PINS, python)[constraints.normalised(requirement.name)]
        assert requirement.specifier.contains(version), f'{requirement} against {version}'


def test_the_advised_pair_of_torch_is_the_pinned_one():
    from mmcv_fallback.activation import MATCHED_PAIR
    pins = constraints.in_force(PINS)
    assert MATCHED_PAIR == f'torch=={pins["torch"]} torchvision=={pins["torchvision"]}'
    page = (ROOT / 'docs' / 'supported_versions.md').read_text()
    assert f'torch {pins["torch"]}, torchvision {pins["torchvision"]}' in page


def test_one_line_where_all_pythons_agree_else_one_for_those_that_do():
    text = constraints.write({
        '3.11': {'same': '1', 'newer': '1', 'backport': '3', 'middle': '1', 'nvidia-x': '7'},
        '3.12': {'same': '1', 'newer': '2', 'middle': '2', 'nvidia-x': '7'},
        '3.13': {'same': '1', 'newer': '2', 'middle': '3', 'nvidia-x': '7'}})
    assert [line for line in text.splitlines() if not line.startswith('#')] == [
        'backport==3; python_version < "3.12"', 'middle==1; python_version < "3.12"',
        'middle==2; python_version >= "3.12" and python_version < "3.13"', 'middle==3; python_version >= "3.13"',
        'newer==1; python_version < "3.12"', 'newer==2; python_version >= "3.12"',
        'nvidia-x==7; sys_platform == "linux"', 'same==1']
    pins = constraints.read(text)
    assert constraints.in_force(pins, '3.11')['backport'] == '3'
    assert 'backport' not in constraints.in_force(pins, '3.12')
    assert constraints.in_force(pins, '3.14')['middle'] == '3'


def test_names_count_as_pip_reads_them():
    assert constraints.in_force(constraints.read('Ml_Dtypes==0.6.0  # a remark\n# nothing\n')) == {'ml-dtypes': '0.6.0'}


def test_what_requirements_lead_to_is_found_with_extras_and_without_strangers():
    found = constraints.needed(['channels', 'no-such-distribution>=1'])
    assert {'channels', 'django', 'asgiref', 'sqlparse'} <= found
    assert not {'pytest', 'torch', 'no-such-distribution', 'daphne'} & found


def test_another_version_counts_in_the_environment_that_was_made_from_the_pins():
    pins, found = {'torch': '2.15.0', 'absent': '1'}, {'torch': '2.6.0', 'stranger': '1'}
    assert constraints.difference(pins, found, all_of_it=False) == []
    assert constraints.difference(pins, found, all_of_it=True) == [
        'stranger is installed (1) and not pinned', 'torch is installed as 2.6.0 and pinned as 2.15.0']
    missing = constraints.difference({}, {'torch': '2.6.0'}, all_of_it=False)
    assert missing == ['torch is installed (2.6.0) and not pinned']


def test_the_files_of_requirements_are_resolved_under_the_pins(tmp_path, monkeypatch):
    """pip is asked with the pins of before, those of an upgrade left out; the older Python's choice goes before."""
    asked = {}

    def resolve(interpreter, pins, files):
        asked[str(interpreter)] = pins
        assert files == [tmp_path / 'runtime.txt']
        return {'torch': '9', 'numpy': '2'}

    (tmp_path / 'runtime.txt').write_text('torch\nnumpy\n')
    (tmp_path / 'constraints.txt').write_text('torch==1\nnumpy==2\nold==1\n')
    monkeypatch.setattr(constraints, 'FOLDER', tmp_path)
    monkeypatch.setattr(constraints, 'FILE', tmp_path / 'constraints.txt')
    monkeypatch.setattr(constraints, 'requirement_files', lambda: [tmp_path / 'runtime.txt'])
    monkeypatch.setattr(constraints, 'interpreters', lambda given: {'3.11': 'a', '3.12': 'b'})
    monkeypatch.setattr(constraints, 'resolve', resolve)
    assert constraints.main(['--upgrade', 'Torch']) == 0
    assert asked == {'a': {'numpy': '2', 'old': '1'}, 'b': {'torch': '9', 'numpy': '2', 'old': '1'}}
    assert (tmp_path / 'constraints.txt').read_text().splitlines()[-2:] == ['numpy==2', 'torch==9']


def test_a_missing_interpreter_is_said_in_one_sentence(tmp_path):
    with pytest.raises(UserError, match=r'name the interpreters of Python 3\.11, 3\.12, 3\.13 with --pythons'):
        constraints.interpreters([tmp_path / 'python3.11'])
    with pytest.raises(UserError, match='is missing'):
        constraints.interpreters([Path(sys.executable)])


def test_the_command_checks_this_environment():
    done = subprocess.run([sys.executable, '-W', 'ignore', ROOT / 'tools' / 'constraints.py', '--check'], text=True,
                          capture_output=True)
    assert (done.returncode, done.stdout) == (0, 'every distribution is pinned\n'), done.stdout + done.stderr

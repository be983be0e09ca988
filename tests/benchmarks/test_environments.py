"""Environments that are thrown away: made, used, measured; the rest of the checkout stays out of sight."""
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import environments
from environments import Environment, NotRun
from mminspect.core.errors import UserError

OWN = f'{sys.version_info.major}.{sys.version_info.minor}'


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """Sees the libraries of this environment."""
    folder = tmp_path_factory.mktemp('environment') / 'venv'
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', folder], check=True)
    site = next((folder / 'lib').glob('python*')) / 'site-packages'
    (site / 'libraries.pth').write_text(sysconfig.get_path('purelib') + '\n')
    return Environment(folder)


def test_an_environment_is_new_and_gone_afterwards(tmp_path):
    (tmp_path / 'venv').mkdir()
    (tmp_path / 'venv' / 'rest').write_text('of an earlier one')
    with environments.environment(tmp_path / 'venv', Path(sys.executable)) as made:
        assert made.run('python', '-c', 'import sys; print(sys.prefix)').strip() == str(tmp_path / 'venv')
        assert not (tmp_path / 'venv' / 'rest').exists()
        assert 'No module named' in made.run('python', '-c', 'try: import torch\nexcept ImportError as e: print(e)')
    assert not (tmp_path / 'venv').exists()


def test_programs_see_nothing_of_the_checkout_and_failures_are_told(made, monkeypatch):
    monkeypatch.setenv('PYTHONPATH', '/somewhere')
    monkeypatch.setenv('MMINSPECT_DATA', '/data')
    assert made.run('python', '-c', 'import os; print(sorted(n for n in os.environ if n[:6] in ("PYTHON", "MMINSP")), '
                    'os.environ["GIVEN"])', GIVEN='yes') == '[] yes\n'
    with pytest.raises(UserError, match=r'(?s)python -c .* failed: .*reason'):
        made.run('python', '-c', 'raise SystemExit("reason")')


def test_versions_are_those_of_the_environment(made):
    import torch
    import torchvision
    assert made.versions() == dict(python=sys.version.split()[0], torch=torch.__version__,
                                   torchvision=torchvision.__version__)


def test_files_with_two_names_count_once(tmp_path):
    (tmp_path / 'a').write_bytes(bytes(3_000_000))
    (tmp_path / 'b').hardlink_to(tmp_path / 'a')
    (tmp_path / 'c').write_bytes(bytes(1_000_000))
    assert Environment(tmp_path).megabytes() == 4


def test_interpreters_are_found_or_said_to_be_missing(tmp_path):
    assert environments.interpreter(OWN, [tmp_path / 'none', Path(sys.executable)]) == Path(sys.executable)
    with pytest.raises(NotRun, match=r'no python2\.5 on the path'):
        environments.interpreter('2.5', [Path(sys.executable)])


@pytest.mark.parametrize('torch', [None, dict(torch='2.6.0', torchvision='0.21.0')])
def test_another_torch_takes_the_place_of_the_pinned_one_and_of_what_it_brings(tmp_path, monkeypatch, torch):
    commands = []
    monkeypatch.setattr(Environment, 'pip', lambda self, *words, **_: commands.append([str(word) for word in words]))
    environments.install(Environment(tmp_path), torch)
    pins = (tmp_path / 'constraints.txt').read_text().splitlines()
    pinned = environments.CONSTRAINTS.read_text().splitlines()
    if torch is None:
        assert pins == pinned
    else:
        assert [line for line in pins if line.startswith(('torch', 'nvidia', 'triton'))] == [
            'torch==2.6.0', 'torchvision==0.21.0']
        assert set(pins) - set(pinned) == {'torch==2.6.0', 'torchvision==0.21.0'}
        assert {line.split('==')[0] for line in set(pinned) - set(pins)} >= {'torch', 'torchvision', 'triton'}
    assert all(str(tmp_path / 'constraints.txt') in command for command in commands if command[0] == 'install')
    assert ['uninstall', '-y', 'opencv-python'] in commands


def test_tests_are_counted(made, tmp_path):
    (tmp_path / 'test_x.py').write_text(
        'import pytest\ndef test_a(): pass\ndef test_b(): assert 0\ndef test_c(): pytest.skip()\n'
        '@pytest.fixture\ndef broken(): raise ValueError\ndef test_d(broken): pass\ndef test_e(): pass\n')
    found = environments.run_tests(made, [str(tmp_path / 'test_x.py')])
    assert {key: found[key] for key in ('passed', 'failed', 'skipped')} == dict(passed=2, failed=2, skipped=1)
    assert [name.rpartition('.')[2] for name in found['failures']] == ['test_b', 'test_d']
    with pytest.raises(UserError, match='the tests did not run'):
        environments.run_tests(made, [str(tmp_path / 'absent.py')])

"""What runs before a release: steps, their results, going on after a break."""
import json
import subprocess
from pathlib import Path

import pytest

import common
import release_check
import release_steps
from environments import NotRun
from helpers import ROOT
from mminspect.core.errors import UserError
from release_steps import Settings


@pytest.fixture
def steps(monkeypatch, tmp_path):
    """Three steps in place of the real ones, and how often each ran."""
    ran = []

    def good(settings):
        ran.append('good')
        return dict(passed=3, failed=0, skipped=1, workers=settings.workers)

    def bad(settings):
        ran.append('bad')
        raise UserError('pip\n found nothing')

    def absent(settings):
        ran.append('absent')
        raise NotRun('there is no python9.9')

    monkeypatch.setattr(release_check, 'STEPS', dict(good=('Good', good), bad=('Bad', bad), absent=('Absent', absent)))
    for module in (common, release_check):
        monkeypatch.setattr(module, 'RESULTS', tmp_path)
    monkeypatch.setattr(common, 'ROOT', tmp_path)
    return ran


def recorded(folder):
    return json.loads((folder / 'release_check.json').read_text())['steps']


def test_every_step_leaves_its_result_and_a_failure_the_status(steps, tmp_path, capsys):
    assert release_check.main(['--work', str(tmp_path / 'work')]) == 1
    found = recorded(tmp_path)
    assert {name: result['result'] for name, result in found.items()} == dict(good='passed', bad='failed',
                                                                             absent='not run')
    assert found['bad']['why'] == 'pip found nothing' and found['absent']['why'] == 'there is no python9.9'
    assert found['good']['workers'] == 2 and {'commit', 'date', 'seconds', 'source'} <= set(found['good'])
    assert 'Good: passed, 3 tests passed, 0 failed' in capsys.readouterr().out


def test_it_goes_on_with_what_has_not_passed(steps, tmp_path, monkeypatch, capsys):
    for _ in range(2):
        release_check.main(['--work', str(tmp_path / 'work')])
    assert steps == ['good', 'bad', 'absent', 'bad', 'absent']
    assert release_check.main(['--work', str(tmp_path / 'work'), '--only', 'good', '--again']) == 0
    assert steps[5:] == ['good'] and set(recorded(tmp_path)) == {'good', 'bad', 'absent'}
    monkeypatch.setattr(release_check, 'source_state', lambda: 'another')
    release_check.main(['--work', str(tmp_path / 'work'), '--only', 'good'])
    assert steps[6:] == ['good']
    capsys.readouterr()
    assert release_check.main(['--list']) == 0
    assert capsys.readouterr().out.startswith('good: Good: passed')


def test_failed_tests_are_a_failed_step(tmp_path):
    result = release_check.outcome('Some', lambda settings: dict(passed=3, failed=1), Settings((), tmp_path))
    assert result['result'] == 'failed'


def test_the_files_tell_whether_something_has_changed(tmp_path, monkeypatch):
    """Whatever git knows of but results and documents, which the check itself writes."""
    for name in ('code.py', 'guide.md', 'results/check.json', 'unknown.py'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('1')
    subprocess.run(['git', 'init', '-q'], cwd=tmp_path, check=True)
    subprocess.run(['git', 'add', 'code.py', 'guide.md', 'results'], cwd=tmp_path, check=True)
    monkeypatch.setattr(release_check, 'ROOT', tmp_path)
    before = release_check.source_state()
    for name in ('guide.md', 'results/check.json', 'unknown.py'):
        (tmp_path / name).write_text('2')
        assert release_check.source_state() == before, name
    (tmp_path / 'code.py').write_text('2')
    assert release_check.source_state() != before


def test_the_part_of_the_suite_exists_and_the_oldest_torch_is_what_is_required():
    assert all((ROOT / path).exists() for path in release_steps.SUBSET)
    lines = (ROOT / 'requirements' / 'runtime.txt').read_text()
    assert 'torch>=2.6\n' in lines and 'torchvision>=0.21\n' in lines
    assert release_steps.OLDEST_TORCH == dict(torch='2.6.0', torchvision='0.21.0')


def test_without_an_interpreter_or_notebooks_a_step_is_not_run(tmp_path, monkeypatch):
    monkeypatch.setenv('PATH', '')
    with pytest.raises(NotRun, match=r'python3\.12'):
        release_steps.python_3_12(Settings((), tmp_path))
    monkeypatch.setattr(release_steps, 'ROOT', tmp_path)
    with pytest.raises(NotRun, match='has none'):
        release_steps.notebooks(Settings((), tmp_path))


def test_the_newest_torch_is_run_unless_it_is_the_pinned_one(tmp_path, monkeypatch):
    from environments import CONSTRAINTS
    pins = dict(line.split('==') for line in CONSTRAINTS.read_text().splitlines() if line.startswith('torch'))
    monkeypatch.setattr(release_steps, 'interpreter', lambda version, given: Path('python'))
    monkeypatch.setattr(release_steps, 'tried', lambda settings, name, python, torch: dict(tried=torch))
    monkeypatch.setattr(release_steps, 'newest_versions', lambda python: pins)
    result = release_check.outcome('Newest', release_steps.newest_torch, Settings((), tmp_path))
    assert result['result'] == 'not needed' and 'pinned' in result['remark']
    monkeypatch.setattr(release_steps, 'newest_versions', lambda python: pins | dict(torch='99.0'))
    assert release_steps.newest_torch(Settings((), tmp_path)) == dict(tried=pins | dict(torch='99.0'))


def test_a_notebook_is_run_at_full_size_and_its_mistake_is_told(tmp_path):
    pytest.importorskip('nbclient')
    pytest.importorskip('ipykernel')
    import nbformat
    cells = [nbformat.v4.new_code_cell('import os\nopen("size.txt", "w").write(os.environ["MMINSPECT_NOTEBOOK"])')]
    file = tmp_path / 'small.ipynb'
    nbformat.write(nbformat.v4.new_notebook(cells=cells), file)
    (tmp_path / 'work').mkdir()
    release_steps.run_notebook(file, tmp_path / 'work')
    assert (tmp_path / 'work' / 'size.txt').read_text() == 'full'
    nbformat.write(nbformat.v4.new_notebook(cells=[*cells, nbformat.v4.new_code_cell('1 / 0')]), file)
    with pytest.raises(UserError, match=r'(?s)small\.ipynb failed: .*ZeroDivisionError'):
        release_steps.run_notebook(file, tmp_path / 'work')

"""tools/sweep.py from the command line; training itself is replaced."""
import json
from functools import partial

import pytest

from anomaly_rd import sweep
from mminspect.core.errors import UserError

CONFIG = """
category = '{{$MMINSPECT_CATEGORY:bottle}}'
train_dataloader = dict(dataset=dict(type='MVTecDataset', category=category))
model = dict(type='A')
"""


@pytest.fixture
def call(call, tmp_path):
    """Exit status, standard output and standard error of the tool on two categories, carpet and screw."""
    for name in ('carpet', 'screw'):
        (tmp_path / 'data' / 'mvtec' / name / 'train' / 'good').mkdir(parents=True)
    (tmp_path / 'rd4ad.py').write_text(CONFIG)
    return partial(call, 'sweep', '--configs', tmp_path / 'rd4ad.py', '--data-root', tmp_path / 'data' / 'mvtec',
                   '--work-root', tmp_path / 'runs', '--out', tmp_path / 'out')


@pytest.fixture
def trained(monkeypatch):
    """Jobs that were run; each gives 0.5, plus 0.2 for carpet, plus 0.1 for every seed."""
    done = []

    def run(job, echo):
        category, seed = job.work_dir.parts[-2:]
        if category == 'screw' and seed == 'seed7':
            raise UserError('tools/train.py failed: no image')
        done.append(job)
        job.work_dir.mkdir(parents=True, exist_ok=True)
        value = 0.5 + 0.2 * (category == 'carpet') + 0.1 * int(seed.removeprefix('seed'))
        (job.work_dir / 'metrics.json').write_text(json.dumps(dict(image_auroc=value, aupro=float('nan'))))

    monkeypatch.setattr(sweep.jobs, 'run', run)
    return done


def test_table_of_all_categories(call, trained, tmp_path):
    status, out, err = call('--seeds', 0, 1, '--jobs', 2)
    assert status == 0, err
    text = (tmp_path / 'out' / 'sweep.md').read_text()
    lines = [line.split(' | ')[:3] for line in text.splitlines() if line.startswith('| ')]
    assert lines[2:] == [['| rd4ad', 'carpet', '75.0 ± 7.1'], ['| ', 'screw', '55.0 ± 7.1'],
                         ['| ', 'texture mean', '75.0 ± 7.1'], ['| ', 'object mean', '55.0 ± 7.1'],
                         ['| ', 'mean', '65.0 ± 7.1']]
    assert 'n/a' in text and 'nan' not in text and '75.0 ± 7.1' in out and 'last epoch' in out
    record = json.loads((tmp_path / 'out' / 'sweep.json').read_text())
    assert record['rows'][4]['metrics']['image_auroc']['mean'] == pytest.approx(0.65)
    assert len(trained) == 4
    assert call('--seeds', 0, 1)[0] == 0 and len(trained) == 4  # finished


def test_arguments_reach_the_tools(call, trained):
    options = ('--cfg-options', 'model.b=1', 'model.c=d')
    assert call('--categories', 'screw', '--amp', '--show-dir', 'pictures', *options)[0] == 0
    job, = trained
    assert job.train_arguments == ('--seed', '0', '--amp', '--cfg-options', 'model.b=1', 'model.c=d')
    assert job.test_arguments == ('--show-dir', 'pictures', '--cfg-options', 'model.b=1', 'model.c=d')


def test_a_failed_run_is_said_at_the_end_and_the_table_is_there(call, trained, tmp_path):
    status, _, err = call('--seeds', 0, 7)
    assert status == 2 and err == ('error: 1 of 4 runs failed (first: rd4ad, screw, seed 7: tools/train.py failed: no '
                                   'image); the same command tries them again\n')
    assert '50.0 (1/2)' in (tmp_path / 'out' / 'sweep.md').read_text()
    assert json.loads((tmp_path / 'out' / 'sweep.json').read_text())['runs'][3]['error'] == (
        'tools/train.py failed: no image')


@pytest.mark.parametrize(('arguments', 'said'), [
    (('--categories', 'nut'), 'category nut is no folder of'),
    (('--categories', 'screw', 'screw'), "mvtec/screw' and '/"),
    (('--seeds', 1, 1), 'several seeds 1'), (('--jobs', 0), '--jobs must be at least 1'),
    (('--configs', 'none.py'), 'none.py does not exist'),
    (('--cfg-options', 'modle.b=1'), 'did you mean model'), (('--cfg-options', 'foo'), 'KEY=VALUE')])
def test_mistakes_end_the_command_before_anything_is_trained(call, trained, tmp_path, arguments, said):
    status, out, err = call(*arguments)
    assert (status, out, trained) == (2, '', []) and err.startswith('error: ') and said in err
    assert not (tmp_path / 'out').exists() and err.count('\n') == 1


def test_a_damaged_result_is_found_first(call, trained, tmp_path):
    folder = tmp_path / 'runs' / 'rd4ad' / 'screw' / 'seed0'
    folder.mkdir(parents=True)
    (folder / 'metrics.json').write_text('half a fi')
    status, _, err = call()
    assert status == 2 and 'no file of results' in err and not trained


def test_threads_of_the_environment_are_respected(call, trained, monkeypatch):
    monkeypatch.setenv('OMP_NUM_THREADS', '7')
    assert call('--categories', 'screw')[0] == 0 and 'OMP_NUM_THREADS' not in trained[0].environment
    monkeypatch.delenv('OMP_NUM_THREADS')
    assert call('--categories', 'carpet')[0] == 0 and int(trained[1].environment['OMP_NUM_THREADS']) >= 1


def test_finished_runs_are_already_there_and_folders_have_their_option(call, trained, tmp_path):
    assert '[1/1] rd4ad, screw, seed 0: done' in call('--categories', 'screw')[1]
    assert '[1/1] rd4ad, screw, seed 0: already there' in call('--categories', 'screw')[1]
    (tmp_path / 'file').touch()
    assert 'choose another with --out' in call('--out', tmp_path / 'file')[2]

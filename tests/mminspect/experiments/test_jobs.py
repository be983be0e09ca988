"""Jobs run the tools as processes; here the tools are tiny scripts that record how they were called."""
import json
import math
import os
import signal
from pathlib import Path

import pytest

from helpers import replace_tools
from mminspect.core.errors import UserError
from mminspect.experiments import jobs

TRAIN = """
import pathlib, sys
work = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1])
last = [a.split('=')[1] for a in sys.argv if a.startswith('train_cfg.max_epochs=')] or ['3']
print('some log')
print('progress: epoch 1/1')
path = work / f'epoch_{last[0]}.pth'
if not path.exists(): path.write_text('weights')
(work / 'last_checkpoint').write_text(str(path))
with open(work / 'calls', 'a') as f: f.write(' '.join(sys.argv[1:]) + '\\n')
"""
TEST = """
import pathlib, sys
work, checkpoint = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1]), pathlib.Path(sys.argv[2])
assert checkpoint.read_text() == 'weights'
value = f'"checkpoint": "{checkpoint.name}", "coco/bbox_mAP": 0.25, "coco/recall_4_8": 0.5'
(work / 'metrics.json').write_text(f'{{{value}}}')
with open(work / 'tests', 'a') as f: f.write(' '.join(sys.argv[1:]) + '\\n')
"""
CONFIG = """
model = dict(type='Net')
train_cfg = dict(max_epochs=3)
optim_wrapper = dict(lr=0.1)
test_evaluator = dict(type='Metric')
"""


@pytest.fixture
def tools(tmp_path, monkeypatch):
    return replace_tools(monkeypatch, tmp_path, TRAIN, TEST)


@pytest.fixture
def config(tmp_path):
    """A training of three epochs."""
    (tmp_path / 'c.py').write_text(CONFIG)
    return tmp_path / 'c.py'


def count(job, name):
    return (job.work_dir / name).read_text().count('\n')


def test_trains_tests_and_skips_what_is_finished(tools, config, tmp_path):
    job = jobs.Job(config, tmp_path / 'run', ('--seed', '3'))
    lines = []
    assert job.metrics is None and job.last_checkpoint is None
    assert jobs.run(job, lines.append) == {'mAP': 0.25, 'recall_4_8': 0.5}
    assert lines == ['epoch 1/1']
    assert 'some log' in (tmp_path / 'run' / 'output.log').read_text()
    jobs.run(job)
    calls = (tmp_path / 'run' / 'calls').read_text().splitlines()
    assert len(calls) == 1 and '--resume' in calls[0] and '--seed 3' in calls[0]


def test_training_alone_tests_nothing_and_is_not_repeated(tools, config, tmp_path):
    job = jobs.Job(config, tmp_path / 'run')
    jobs.train(job)
    jobs.train(jobs.Job(config, tmp_path / 'run'))
    assert job.last_checkpoint.name == 'epoch_3.pth' and job.metrics is None and count(job, 'calls') == 1
    (tmp_path / 'run' / 'epoch_3.pth').rename(tmp_path / 'run' / 'epoch_2.pth')  # as after an interruption
    jobs.train(jobs.Job(config, tmp_path / 'run'))
    assert count(job, 'calls') == 2 and jobs.run(job)['mAP'] == 0.25 and count(job, 'calls') == 2


def test_metrics_of_an_older_checkpoint_do_not_count(tools, config, tmp_path):
    job = jobs.Job(config, tmp_path / 'run')
    jobs.run(job)
    checkpoint = tmp_path / 'run' / 'epoch_3.pth'
    later = (tmp_path / 'run' / 'metrics.json').stat().st_mtime + 5
    os.utime(checkpoint, (later, later))
    assert job.metrics is None


def test_environment_is_passed_on(tools, config, tmp_path):
    (tools / 'test.py').write_text(TEST + "\nimport json, os\n(work / 'env').write_text(os.environ['THIS_JOB'])")
    jobs.run(jobs.Job(config, tmp_path / 'run', environment=dict(THIS_JOB='yes')))
    assert (tmp_path / 'run' / 'env').read_text() == 'yes'


@pytest.mark.parametrize('ending, said', [
    ("print('error: no such image'); sys.exit(2)", 'no such image'),
    ("raise RuntimeError('bug')", 'output.log'),
])
def test_a_failed_process_says_why(ending, said, tools, config, tmp_path):
    (tools / 'train.py').write_text('import sys\n' + ending)
    job = jobs.Job(config, tmp_path / 'run')
    with pytest.raises(UserError, match=said):
        jobs.run(job)
    assert job.metrics is None


def test_an_interrupted_test_is_made_up_for(tools, config, tmp_path):
    job = jobs.Job(config, tmp_path / 'run')
    good = (tools / 'test.py').read_text()
    (tools / 'test.py').write_text('raise SystemExit(1)')
    with pytest.raises(UserError):
        jobs.run(job)
    (tools / 'test.py').write_text(good)
    assert jobs.run(job)['mAP'] == 0.25
    assert json.loads((Path(job.work_dir) / 'metrics.json').read_text())


def test_a_checkpoint_of_another_job_is_tested_without_training(tools, config, tmp_path):
    first = jobs.Job(config, tmp_path / 'run')
    second = jobs.Job(config, tmp_path / 'again', trained=first)
    assert second.metrics is None
    assert jobs.run(second) == {'mAP': 0.25, 'recall_4_8': 0.5}
    assert (tmp_path / 'run' / 'calls').read_text().count('\n') == 1
    assert not (tmp_path / 'again' / 'calls').exists()
    assert second.metrics and first.metrics


def options(config, work_dir, *texts, test=()):
    return jobs.Job(config, work_dir, ('--cfg-options', *texts) if texts else (), test)


def test_a_training_that_is_not_at_its_end_is_gone_on_with(tools, config, tmp_path):
    short = options(config, tmp_path / 'run', 'train_cfg.max_epochs=1')
    assert jobs.run(short) and short.metrics
    whole = jobs.Job(config, tmp_path / 'run')
    assert whole.metrics is None and jobs.run(whole) and count(whole, 'calls') == 2
    assert whole.last_checkpoint.name == 'epoch_3.pth' and options(config, tmp_path / 'run').metrics
    with pytest.raises(UserError, match=r'goes on to epoch_3.pth, unlike .* choose another folder'):
        jobs.run(options(config, tmp_path / 'run', 'train_cfg.max_epochs=1'))


def test_an_earlier_epoch_that_was_tested_by_hand_is_no_result(tools, config, tmp_path):
    work = tmp_path / 'run'
    work.mkdir()
    (work / 'epoch_1.pth').write_text('weights')
    (work / 'metrics.json').write_text('{"checkpoint": "epoch_1.pth", "image_auroc": 0.5}')
    assert jobs.Job(config, work).metrics is None
    (work / 'epoch_1.pth').rename(work / 'epoch_3.pth')
    (work / 'metrics.json').write_text('{"checkpoint": "epoch_3.pth", "image_auroc": 0.5}')
    assert jobs.Job(config, work).metrics == dict(image_auroc=0.5)  # trained by hand to the end: without a record


def test_a_training_that_was_stopped_early_is_finished(tools, config, tmp_path):
    (tools / 'train.py').write_text(TRAIN.replace("or ['3']", "or ['2']"))
    job = jobs.Job(config, tmp_path / 'run')
    assert jobs.run(job) and jobs.run(jobs.Job(config, tmp_path / 'run')) and count(job, 'calls') == 1
    assert options(config, tmp_path / 'run', 'train_cfg.max_epochs=5').metrics is None


def test_another_training_in_the_folder_is_refused(tools, config, tmp_path):
    work = tmp_path / 'run'
    (tools / 'test.py').write_text('raise SystemExit(1)')
    with pytest.raises(UserError, match=r'test.py failed'):
        jobs.run(options(config, work, 'optim_wrapper.lr=0.2'))
    (tools / 'test.py').write_text(TEST)
    with pytest.raises(UserError, match=r'has other settings, unlike .*c.py with the present options'):
        jobs.run(jobs.Job(config, work))
    again = options(config, work, 'optim_wrapper.lr=0.2')
    assert jobs.run(again)
    config.write_text(CONFIG.replace('lr=0.1', 'lr=0.1, betas=(0.5, 0.9)'))
    assert options(config, work, 'optim_wrapper.lr=0.2').metrics is None
    with pytest.raises(UserError, match='has other settings'):
        jobs.run(options(config, work, 'optim_wrapper.lr=0.2'))


def test_another_test_is_made_without_training(tools, config, tmp_path):
    first = jobs.Job(config, tmp_path / 'run')
    jobs.run(first)
    second = options(config, tmp_path / 'run', test=('--cfg-options', 'test_evaluator.type=Other'))
    assert second.metrics is None and jobs.run(second)
    assert (count(first, 'tests'), first.metrics) == (2, None)
    third = options(config, tmp_path / 'run', test=('--show-dir', 'p', '--cfg-options', 'test_evaluator.type=Other'))
    assert third.metrics  # pictures are no other numbers


def test_only_the_prefixes_of_coco_are_dropped(config, tmp_path):
    (tmp_path / 'run').mkdir()
    (tmp_path / 'run' / 'metrics.json').write_text(json.dumps({
        'coco/bbox_mAP': 0.5, 'image_auroc': 0.75, 'scan/image_auroc': 0.25, 'aupro': None}))
    metrics = jobs.Job(config, tmp_path / 'run').metrics
    assert math.isnan(metrics.pop('aupro')) and metrics == {'mAP': 0.5, 'image_auroc': 0.75, 'scan/image_auroc': 0.25}


def test_a_config_that_cannot_be_read(config, tmp_path):
    (tmp_path / 'run').mkdir()
    config.write_text('model = dict(')
    with pytest.raises(UserError, match=r'c\.py cannot be read'):
        jobs.run(jobs.Job(config, tmp_path / 'run'))
    config.write_text(CONFIG)
    with pytest.raises(UserError, match='--cfg-options does not fit'):
        jobs.run(options(config, tmp_path / 'run', 'optim_wrapper.lr.base=1'))


def test_children_end_with_this_process(tmp_path, monkeypatch):
    """SIGTERM, as of a scheduler: the training does not go on alone."""
    replace_tools(monkeypatch, tmp_path, 'import time; print("progress: 1", flush=True); time.sleep(60)', '')
    (tmp_path / 'a.py').write_text('')
    with pytest.raises(SystemExit) as end, jobs.ending_on_sigterm():
        jobs.run(jobs.Job(tmp_path / 'a.py', tmp_path / 'run'), lambda line: os.kill(os.getpid(), signal.SIGTERM))
    assert end.value.code == 128 + signal.SIGTERM and not jobs._children
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_no_tool_is_started_whose_output_has_no_file(tools, config, tmp_path, monkeypatch):
    """Nobody would read from it, or end it."""
    (tmp_path / 'run' / 'output.log').mkdir(parents=True)
    monkeypatch.setattr(jobs, 'ToolProcess', lambda *arguments: pytest.fail('it was started'))
    with pytest.raises(IsADirectoryError):
        jobs.train(jobs.Job(config, tmp_path / 'run'))

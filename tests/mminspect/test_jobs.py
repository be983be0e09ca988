"""Jobs run the tools as processes; here the tools are tiny scripts that record how they were called."""
import json
import os
from pathlib import Path

import pytest
from helpers import replace_tools
from mminspect import jobs
from mminspect.errors import UserError

TRAIN = """
import pathlib, sys
work = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1])
print('some log')
print('progress: epoch 1/1')
(work / 'epoch_1.pth').write_text('weights')
(work / 'last_checkpoint').write_text(str(work / 'epoch_1.pth'))
with open(work / 'calls', 'a') as f: f.write(' '.join(sys.argv[1:]) + '\\n')
"""
TEST = """
import pathlib, sys
work = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1])
assert pathlib.Path(sys.argv[2]).read_text() == 'weights'
(work / 'metrics.json').write_text('{"coco/bbox_mAP": 0.25, "coco/recall_4_8": 0.5}')
"""


@pytest.fixture
def tools(tmp_path, monkeypatch):
    return replace_tools(monkeypatch, tmp_path, TRAIN, TEST)


def test_trains_tests_and_skips_what_is_finished(tools, tmp_path):
    job = jobs.Job('c.py', tmp_path / 'run', ('--seed', '3'))
    lines = []
    assert job.metrics is None and job.last_checkpoint is None
    assert jobs.run(job, lines.append) == {'mAP': 0.25, 'recall_4_8': 0.5}
    assert lines == ['epoch 1/1']
    assert 'some log' in (tmp_path / 'run' / 'output.log').read_text()
    jobs.run(job)
    calls = (tmp_path / 'run' / 'calls').read_text().splitlines()
    assert len(calls) == 1 and '--resume' in calls[0] and '--seed 3' in calls[0]


def test_metrics_of_an_older_checkpoint_do_not_count(tools, tmp_path):
    job = jobs.Job('c.py', tmp_path / 'run')
    jobs.run(job)
    checkpoint = tmp_path / 'run' / 'epoch_1.pth'
    later = (tmp_path / 'run' / 'metrics.json').stat().st_mtime + 5
    os.utime(checkpoint, (later, later))
    assert job.metrics is None


def test_environment_is_passed_on(tools, tmp_path):
    (tools / 'test.py').write_text(TEST + "\nimport json, os\n(work / 'env').write_text(os.environ['THIS_JOB'])")
    jobs.run(jobs.Job('c.py', tmp_path / 'run', environment=dict(THIS_JOB='yes')))
    assert (tmp_path / 'run' / 'env').read_text() == 'yes'


@pytest.mark.parametrize('ending, said', [
    ("print('error: no such image'); sys.exit(2)", 'no such image'),
    ("raise RuntimeError('bug')", 'output.log'),
])
def test_a_failed_process_says_why(ending, said, tools, tmp_path):
    (tools / 'train.py').write_text('import sys\n' + ending)
    job = jobs.Job('c.py', tmp_path / 'run')
    with pytest.raises(UserError, match=said):
        jobs.run(job)
    assert job.metrics is None


def test_an_interrupted_test_is_made_up_for(tools, tmp_path):
    job = jobs.Job('c.py', tmp_path / 'run')
    good = (tools / 'test.py').read_text()
    (tools / 'test.py').write_text('raise SystemExit(1)')
    with pytest.raises(UserError):
        jobs.run(job)
    (tools / 'test.py').write_text(good)
    assert jobs.run(job)['mAP'] == 0.25
    assert json.loads((Path(job.work_dir) / 'metrics.json').read_text())


def test_a_checkpoint_of_another_job_is_tested_without_training(tools, tmp_path):
    first = jobs.Job('c.py', tmp_path / 'run')
    second = jobs.Job('other_maps.py', tmp_path / 'again', trained=first)
    assert second.metrics is None
    assert jobs.run(second) == {'mAP': 0.25, 'recall_4_8': 0.5}
    assert (tmp_path / 'run' / 'calls').read_text().count('\n') == 1
    assert not (tmp_path / 'again' / 'calls').exists()
    assert second.metrics and first.metrics

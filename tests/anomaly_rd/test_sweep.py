"""Runs of a sweep; the tools are tiny scripts that record how they were called."""
import threading
import time
from pathlib import Path

import pytest
from mmengine.config import Config

from anomaly_rd import sweep
from helpers import ROOT, replace_tools
from mminspect.core.errors import UserError
from mminspect.experiments import jobs

TRAIN = """
import os, pathlib, sys
work = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1])
print('progress: epoch 1/1')
if os.environ['MMINSPECT_CATEGORY'] == 'broken': sys.exit('error: unreadable image')
(work / 'epoch_1.pth').write_text('weights')
names = ('MMINSPECT_CATEGORY', 'MMINSPECT_DATA', 'MMINSPECT_DATASET', 'OMP_NUM_THREADS')
with open(work / 'calls', 'a') as f: f.write(' '.join([*(os.environ[n] for n in names), *sys.argv[1:]]) + '\\n')
"""
TEST = """
import pathlib, sys
work = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1])
with open(work / 'tests', 'a') as f: f.write(' '.join(sys.argv[1:]) + '\\n')
(work / 'metrics.json').write_text('{"checkpoint": "epoch_1.pth", "image_auroc": 0.75, "aupro": NaN}')
"""
CONFIG = """
category = '{{$MMINSPECT_CATEGORY:bottle}}'
train_dataloader = dict(dataset=dict(type='RepeatDataset', times=2, dataset=dict(type='MVTecDataset',
                                     category=category)))
"""


@pytest.fixture
def tools(tmp_path, monkeypatch):
    return replace_tools(monkeypatch, tmp_path, TRAIN, TEST)


@pytest.fixture
def config(tmp_path):
    (tmp_path / 'rd4ad.py').write_text(CONFIG)
    return str(tmp_path / 'rd4ad.py')


def categories(root, *names):
    for name in names:
        (root / name / 'train' / 'good').mkdir(parents=True)
    return root


def test_where_categories_are(tmp_path):
    one, two = categories(tmp_path / 'one', 'screw', 'pill'), categories(tmp_path / 'two', 'felt')
    (one / 'notes').mkdir()
    assert sweep.locate_categories(['felt', 'screw'], [one, two]) == dict(felt=two, screw=one)
    assert list(sweep.locate_categories(['all'], [one, two])) == ['pill', 'screw', 'felt']
    with pytest.raises(UserError, match='nut is no folder of'):
        sweep.locate_categories(['screw', 'nut'], [one, two])


def test_visa(tmp_path, monkeypatch):
    """All of its categories, where the base config of the data set finds them."""
    root = tmp_path / 'big' / 'VisA_2022'
    (root / 'candle' / 'Data').mkdir(parents=True)
    (root / 'split_csv').mkdir()
    (root / 'split_csv' / '1cls.csv').write_text('object,split,label,image,mask\ncandle,train,normal,a,\n')
    config = ROOT / 'configs' / '_base_' / 'datasets' / 'visa.py'
    run, = sweep.make_runs([str(config)], sweep.locate_categories(['all'], [root]), [0], tmp_path / 'runs')
    for name, value in run.job.environment.items():
        monkeypatch.setenv(name, value)
    dataset = Config.fromfile(config).train_dataloader.dataset
    assert (dataset.category, Path(dataset.data_root)) == ('candle', root)


def test_two_categories_of_one_name(tmp_path):
    one, two = categories(tmp_path / 'one', 'screw'), categories(tmp_path / 'two', 'screw', 'Felt', 'felt')
    for names, roots in ((['screw'], [one, two]), (['all'], [one, two]), (['screw', 'screw'], [one]),
                         (['Felt', 'felt'], [two])):
        with pytest.raises(UserError, match='two categories have one name'):
            sweep.locate_categories(names, roots)


def test_every_combination_in_a_folder_of_its_own(config, tmp_path):
    where = dict(screw=tmp_path / 'a' / 'mvtec', felt=tmp_path / 'b' / 'own')
    runs = sweep.make_runs([config], where, [0, 3], tmp_path / 'runs', (('--amp', ), ('--show-dir', 'p')), threads=2)
    assert [str(run) for run in runs] == ['rd4ad, screw, seed 0', 'rd4ad, screw, seed 3', 'rd4ad, felt, seed 0',
                                          'rd4ad, felt, seed 3']
    job = runs[3].job
    assert job.work_dir == tmp_path / 'runs' / 'rd4ad' / 'felt' / 'seed3'
    assert (job.train_arguments, job.test_arguments) == (('--seed', '3', '--amp'), ('--show-dir', 'p'))
    assert job.environment == dict(MMINSPECT_CATEGORY='felt', MMINSPECT_DATA=str(tmp_path / 'b'),
                                   MMINSPECT_DATASET='own', OMP_NUM_THREADS='2')


def test_one_folder_for_two_runs_is_refused(config, tmp_path):
    (tmp_path / 'other').mkdir()
    twin = tmp_path / 'other' / 'rd4ad.py'
    twin.write_text(CONFIG)
    where = dict(screw=tmp_path)
    with pytest.raises(UserError, match='several configs called rd4ad'):
        sweep.make_runs([config, str(twin)], where, [0], tmp_path)
    with pytest.raises(UserError, match='several seeds 1'):
        sweep.make_runs([config], where, [1, 2, 1], tmp_path)


def test_a_config_with_its_own_category_is_refused_for_others(tmp_path, monkeypatch):
    path = tmp_path / 'fixed.py'
    path.write_text("train_dataloader = dict(dataset=dict(type='MVTecDataset', category='weave'))")
    monkeypatch.setenv('MMINSPECT_CATEGORY', 'before')
    assert len(sweep.make_runs([str(path)], dict(weave=tmp_path), [0], tmp_path)) == 1
    with pytest.raises(UserError, match='its data set has weave'):
        sweep.make_runs([str(path)], dict(weave=tmp_path, screw=tmp_path), [0], tmp_path)
    path.write_text("train_dataloader = dict(dataset=dict(type='FolderDataset'))")
    with pytest.raises(UserError, match='its data set has None'):
        sweep.make_runs([str(path)], dict(weave=tmp_path), [0], tmp_path)
    assert sweep.os.environ['MMINSPECT_CATEGORY'] == 'before'


def test_finished_is_skipped_failed_does_not_stop_the_others(tools, config, tmp_path):
    root, lines = categories(tmp_path / 'data' / 'mvtec', 'broken', 'screw'), []
    where = sweep.locate_categories(['all'], [root])
    runs = sweep.make_runs([config], where, [0], tmp_path / 'runs', threads=3)
    failed = sweep.run_all(runs, processes=2, echo=lines.append)
    broken, screw = runs
    assert list(failed) == [broken] and 'unreadable image' in failed[broken]
    assert broken.metrics is None and screw.metrics['image_auroc'] == 0.75
    assert screw.metrics['aupro'] != screw.metrics['aupro']
    assert 'rd4ad, screw, seed 0: epoch 1/1' in lines and any('FAILED' in line and 'broken' in line for line in lines)
    (tools / 'train.py').write_text(TRAIN.replace("'broken'", "'nothing'"))
    assert sweep.run_all(runs, echo=lines.append) == {}
    calls = (screw.job.work_dir / 'calls').read_text().splitlines()
    assert len(calls) == 1 and calls[0].startswith(f'screw {tmp_path / "data"} mvtec 3 {config}')
    assert '--resume' in calls[0] and '--seed 0' in calls[0]
    assert len((screw.job.work_dir / 'tests').read_text().splitlines()) == 1
    assert broken.metrics['image_auroc'] == 0.75


def test_as_many_at_a_time_as_asked(config, tmp_path, monkeypatch):
    active, most, lock = [], [], threading.Lock()

    def run(job, echo):
        with lock:
            active.append(job)
            most.append(len(active))
        time.sleep(0.05)
        active.remove(job)

    monkeypatch.setattr(jobs, 'run', run)
    runs = sweep.make_runs([config], dict(a=tmp_path, b=tmp_path, c=tmp_path), [0, 1], tmp_path / 'runs')
    for processes in (1, 2):
        most.clear()
        sweep.run_all(runs, processes, echo=lambda line: None)
        assert len(most) == 6 and max(most) == processes


def test_a_defect_of_the_program_is_no_failed_run(config, tmp_path, monkeypatch):
    started = []

    def run(job, echo):
        started.append(job)
        time.sleep(0.05)
        raise KeyError('bug')

    monkeypatch.setattr(jobs, 'run', run)
    runs = sweep.make_runs([config], dict(a=tmp_path), range(20), tmp_path / 'runs')
    with pytest.raises(KeyError):
        sweep.run_all(runs, echo=lambda line: None)
    assert len(started) < 20  # what had not begun was given up


def test_a_damaged_file_of_results(config, tmp_path):
    run, = sweep.make_runs([config], dict(screw=tmp_path), [0], tmp_path / 'runs')
    run.job.work_dir.mkdir(parents=True)
    for text in ('half a fi', '[1]', '{"image_auroc": "high"}'):
        (run.job.work_dir / 'metrics.json').write_text(text)
        with pytest.raises(UserError, match='no file of results'):
            _ = run.metrics

"""The peer comparison's own part: what it asks for, what it reads back, what it skips, and how it measures."""
import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import average_precision_score, roc_auc_score

import peer_anomalib
from mminspect.core.errors import UserError
from peer import environment
from peer.measure import measure, read_mask

VERSIONS = {'anomalib': '2.7.0'}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Empty data and weights folders, results below tmp_path, and no installation."""
    (tmp_path / 'data/mvtec_screw/screw').mkdir(parents=True)
    (tmp_path / 'weights').mkdir()
    (tmp_path / 'weights' / peer_anomalib.WEIGHTS).touch()
    monkeypatch.setenv('MMINSPECT_DATA', str(tmp_path / 'data'))
    monkeypatch.setenv('MMINSPECT_WEIGHTS', str(tmp_path / 'weights'))
    monkeypatch.setattr(peer_anomalib, 'WORK', tmp_path / 'work')
    monkeypatch.setattr(peer_anomalib, 'prepare', lambda *arguments: None)
    return tmp_path


@pytest.fixture
def worker(monkeypatch):
    """A worker that writes what the real one writes; the list holds the command lines it got."""
    calls = []

    def call(arguments, log, **variables):
        calls.append(arguments)
        out = log.parent
        options = {name: arguments[arguments.index(name) + 1] for name in arguments if name.startswith('--')}
        report = arguments[arguments.index('--report') + 1:]
        seconds = [9.0, 1.0, 2.0, 4.0][:int(options['--epochs'])]
        for epoch in report:
            np.savez(out / f'epoch_{epoch}.npz', maps=np.zeros((1, 2, 2)))
        (out / 'record.json').write_text(json.dumps(dict(
            versions=VERSIONS, threads=2, train_images=7, epoch_seconds=seconds,
            predict_seconds={epoch: 0.5 for epoch in report})))
    monkeypatch.setattr(peer_anomalib, 'call', call)
    monkeypatch.setattr(peer_anomalib, 'measure', lambda path, root: {'image_auroc': float(path.stem[-1])})
    return calls


def test_the_command_names_local_files_and_the_epochs_to_report(place):
    request = peer_anomalib.Request('mvtec_screw', 20, 3, (5, 20))
    python, *arguments = peer_anomalib.command(request)
    assert python.startswith(str(peer_anomalib.ENVIRONMENT)) and '-I' in arguments
    script = arguments.index(str(peer_anomalib.WORKER))
    assert peer_anomalib.WORKER.is_file()
    pairs = dict(zip(arguments[script + 1:-3:2], arguments[script + 2:-3:2], strict=True))
    assert pairs == {
        '--root': str(place / 'data/mvtec_screw'), '--category': 'screw', '--epochs': '20', '--seed': '3',
        '--weights': str(place / 'weights' / peer_anomalib.WEIGHTS), '--out': str(request.folder),
        '--batch-size': '16', '--threads': '2', '--workers': '0'}
    assert arguments[-3:] == ['--report', '5', '20']
    limited = peer_anomalib.command(replace(request, limit=32))
    assert limited[limited.index('--limit') + 1] == '32'


def test_every_option_of_the_command_is_one_of_the_worker(place):
    source = peer_anomalib.WORKER.read_text()
    options = [text for text in peer_anomalib.command(peer_anomalib.Request('mvtec_screw', 1, 0, (1,), 8))
               if text.startswith('--')]
    assert len(options) == 11 and all(f"'{name}'" in source for name in options)


def test_rows_hold_the_times_and_metrics_of_their_epoch(place, worker):
    first, last = peer_anomalib.peer_rows('mvtec_screw', 4, 0, [4, 2])
    assert (first['epoch'], last['epoch']) == (2, 4)
    assert first['epoch_seconds'] == last['epoch_seconds'] == 2.0  # the median of 1, 2 and 4
    assert (first['train_seconds'], last['train_seconds']) == (10.0, 16.0)
    assert last['predict_seconds'] == 0.5 and last['train_images'] == 7 and last['versions'] == VERSIONS
    assert (first['metrics'], last['metrics']) == ({'image_auroc': 2.0}, {'image_auroc': 4.0})
    saved = json.loads((place / 'work/mvtec_screw_seed0.json').read_text())
    assert saved['rows'] == [first, last] and saved['request']['epochs'] == 4


def test_what_is_finished_is_neither_trained_nor_measured_again(place, worker, monkeypatch):
    rows = peer_anomalib.peer_rows('mvtec_screw', 2, 0, [2])
    monkeypatch.setattr(peer_anomalib, 'measure', None)
    assert peer_anomalib.peer_rows('mvtec_screw', 2, 0, [2]) == rows
    assert len(worker) == 1


def test_without_the_result_the_maps_are_measured_but_not_trained_again(place, worker):
    rows = peer_anomalib.peer_rows('mvtec_screw', 2, 0, [2])
    (place / 'work/mvtec_screw_seed0.json').unlink()
    assert peer_anomalib.peer_rows('mvtec_screw', 2, 0, [2]) == rows and len(worker) == 1
    (place / 'work/mvtec_screw_seed0.json').unlink()
    (place / 'work/mvtec_screw_seed0/epoch_2.npz').unlink()
    assert peer_anomalib.peer_rows('mvtec_screw', 2, 0, [2]) == rows and len(worker) == 2


def test_another_request_is_trained_and_a_limited_one_stands_in_for_nothing(place, worker):
    peer_anomalib.peer_rows('mvtec_screw', 2, 0, [2], limit=32)
    assert not (place / 'work/mvtec_screw_seed0.json').exists()
    for report in ([2], [1, 2]):
        peer_anomalib.peer_rows('mvtec_screw', 2, 0, report)
    assert len(worker) == 3


@pytest.mark.parametrize('report', [[], [0], [3]])
def test_epochs_that_are_not_trained_cannot_be_reported(place, worker, report):
    with pytest.raises(UserError, match=r'1\.\.2'):
        peer_anomalib.peer_rows('mvtec_screw', 2, 0, report)


def test_missing_data_and_weights_are_named_before_anything_is_installed(place, worker, monkeypatch):
    monkeypatch.setattr(peer_anomalib, 'prepare', lambda *arguments: pytest.fail('installed'))
    with pytest.raises(UserError, match=r'fabric02.*MMINSPECT_DATA'):
        peer_anomalib.peer_rows('aitex_fabric02', 1, 0, [1])
    (place / 'weights' / peer_anomalib.WEIGHTS).unlink()
    with pytest.raises(UserError, match=r'resnet18.*MMINSPECT_WEIGHTS'):
        peer_anomalib.peer_rows('mvtec_screw', 1, 0, [1])
    assert not worker and not (place / 'work').exists()


def test_the_environment_is_made_once_per_set_of_versions(tmp_path, monkeypatch):
    commands = []
    monkeypatch.setattr(environment, 'call', lambda arguments, log: commands.append(arguments))
    monkeypatch.setattr(environment, 'version', {'torch': '2.9.0+cpu', 'torchvision': '0.24.0'}.get)
    for _ in range(2):
        environment.prepare(tmp_path / 'venv', 'anomalib==2.7.0')
    assert [command[1:] for command in commands] == [
        ['-m', 'venv', str(tmp_path / 'venv')],
        ['-m', 'pip', 'install', 'anomalib==2.7.0', 'torch==2.9.0', 'torchvision==0.24.0']]
    environment.prepare(tmp_path / 'venv', 'anomalib==2.7.1')
    assert len(commands) == 4 and (tmp_path / 'venv/.gitignore').read_text() == '*\n'


def test_a_failing_command_is_one_sentence_with_its_log(tmp_path):
    log = tmp_path / 'output.log'
    with pytest.raises(UserError, match=f'status 3: see the end of {log}'):
        environment.call([sys.executable, '-c', 'import os; print(os.environ["WORD"]); raise SystemExit(3)'], log,
                         WORD='said')
    assert log.read_text() == 'said\n'


def test_masks_are_set_where_more_than_half_is_covered(tmp_path):
    mask = np.zeros((8, 8), np.uint8)
    mask[2:6, 4:8] = 255
    Image.fromarray(mask).save(tmp_path / 'mask.png')
    assert np.array_equal(read_mask(tmp_path / 'mask.png', (8, 8)), mask // 255)
    half = read_mask(tmp_path / 'mask.png', (4, 4))
    assert half[1:3, 2:].all() and half.sum() == 4
    assert not read_mask(None, (4, 6)).any() and read_mask(None, (4, 6)).shape == (4, 6)


def test_the_maps_are_measured_against_the_masks_of_their_images(tmp_path):
    pytest.importorskip('anomaly_rd.evaluation.functional')
    random = np.random.default_rng(0)
    masks = np.zeros((4, 8, 8), np.uint8)
    masks[1, :3, :3] = masks[3, 5:, 5:] = 1
    names = ['', 'a.png', '', 'b.png']
    for mask, name in zip(masks, names, strict=True):
        if name:
            Image.fromarray(mask * 255).save(tmp_path / name)
    maps = random.random((4, 8, 8)).astype(np.float32) + masks / 2
    scores, labels = np.array([0.1, 0.3, 0.4, 0.8]), np.array([0, 1, 0, 1])
    np.savez(tmp_path / 'epoch_1.npz', maps=maps, scores=scores, labels=labels, masks=np.array(names))
    found = measure(tmp_path / 'epoch_1.npz', tmp_path)
    assert set(found) == {'image_auroc', 'pixel_auroc', 'aupro', 'aupro_05', 'image_ap', 'pixel_ap', 'image_f1max',
                          'pixel_f1max'}
    assert found['image_auroc'] == pytest.approx(0.75) and found['image_f1max'] == pytest.approx(0.8)
    assert found['pixel_auroc'] == pytest.approx(roc_auc_score(masks.ravel(), maps.ravel()))
    assert found['pixel_ap'] == pytest.approx(average_precision_score(masks.ravel(), maps.ravel()))
    assert 0 <= found['aupro_05'] < found['aupro'] < 1

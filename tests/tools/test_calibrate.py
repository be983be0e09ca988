"""tools/calibrate.py on real models: what it prints, stores and leaves alone."""
import json
import re

import numpy as np
import onnx
import pytest
import torch

from helpers import content
from inspection_helpers import write_images
from mminspect.core.locks import replacing_alone
from mminspect.decisions import Calibration
from mminspect.inspection import load_inspector
from mminspect.inspection.export import export_onnx
from model_files import anomaly_files, detector_files
from survey_helpers import save, scene


@pytest.fixture
def good(tmp_path):
    """24 images of good parts."""
    return write_images(tmp_path / 'good', **{f'g{n:02d}': (60 + 5 * n, 80 + 5 * n) for n in range(24)})


def test_checkpoint_of_an_anomaly_model(good, tmp_path, call):
    checkpoint = anomaly_files(tmp_path / 'run')
    before = torch.load(checkpoint, weights_only=True)
    status, said, error = call('calibrate', checkpoint, good, '--false-reject-rate', 0.1, '--batch', 8)
    assert status == 0, error
    inspector = load_inspector(checkpoint)
    results = list(inspector.many(sorted(good.iterdir()), batch=8))
    scores = np.sort([result.score for result in results])
    peaks = np.sort([result.anomaly_map.max() for result in results])
    assert inspector.threshold.value == scores[22]  # rank ceil(25 * 0.9) = 23 of 24
    assert inspector.calibration.fused.limit == peaks[22]
    assert inspector.threshold.origin == f'normal images of {tmp_path.name}/good'
    assert sum(result.is_defect for result in results) == 1
    assert f'{scores[22]:.4g}' in said and '24 images' in said and 'interval' in said
    assert f'stored in {checkpoint}' in said
    after = torch.load(checkpoint, weights_only=True)
    assert before.pop('threshold') != after.pop('threshold') and before.keys() == after.keys()
    assert all(torch.equal(value, after['state_dict'][key]) for key, value in before['state_dict'].items())


def test_what_is_left_out_is_told(good, tmp_path, call):
    checkpoint = anomaly_files(tmp_path / 'run')
    (good / '@eaDir').mkdir()
    (good / '@eaDir' / 'thumb.jpg').touch()
    status, said, error = call('calibrate', checkpoint, good, '--false-reject-rate', 0.1, '--dry-run')
    assert status == 0, error
    assert '24 images taken; left out: 1 in folders of the system' in said


@pytest.mark.parametrize('exported', [False, True])
def test_tiles_are_stored_and_used(good, tmp_path, call, exported):
    model = anomaly_files(tmp_path / 'run')
    if exported:
        export_onnx(load_inspector(model).network, tmp_path / 'm.onnx')
        model = tmp_path / 'm.onnx'
    status, _, error = call('calibrate', model, good, '--false-reject-rate', 0.1, '--tile', 48, '--overlap', 5)
    assert status == 0, error
    inspector, image = load_inspector(model), sorted(good.iterdir())[0]
    assert (inspector.tile, inspector.overlap, inspector.sees_otherwise) == (48, 5, False)
    assert inspector(image).score == load_inspector(model, tile=48, overlap=5)(image).score
    assert call('calibrate', model, good, '--false-reject-rate', 0.1, '--tile', 0)[0] == 0
    assert load_inspector(model).tile is None


def test_exported_detector(good, tmp_path, call):
    """Threshold and scores go into the file; the network in it stays; the rate can be changed afterwards."""
    export_onnx(load_inspector(detector_files(tmp_path / 'run')).network, tmp_path / 'm.onnx')
    graph = onnx.load(tmp_path / 'm.onnx').graph.SerializeToString()
    status, said, error = call('calibrate', tmp_path / 'm.onnx', good, '--false-reject-rate', 0.1)
    assert status == 0, error
    assert onnx.load(tmp_path / 'm.onnx').graph.SerializeToString() == graph and 'limit' not in said
    inspector = load_inspector(tmp_path / 'm.onnx')
    scores = np.sort([result.detections.scores.max() for result in inspector.many(sorted(good.iterdir()))])
    assert inspector.threshold.value == scores[22] and inspector.calibration.fused is None
    assert load_inspector(tmp_path / 'm.onnx', false_reject_rate=0.5).threshold.value == scores[12]


def test_dry_run_changes_nothing(good, tmp_path, call):
    checkpoint = detector_files(tmp_path / 'run')
    checkpoint.chmod(0o444)
    before = content(tmp_path)
    status, said, _ = call('calibrate', checkpoint, good, '--false-reject-rate', 0.2, '--dry-run')
    assert status == 0 and 'is as it was' in said and 'interval' in said and content(tmp_path) == before


def test_model_keeps_its_fingerprint(good, tmp_path, call):
    checkpoint = detector_files(tmp_path / 'run')
    before = load_inspector(checkpoint).model.fingerprint
    assert call('calibrate', checkpoint, good, '--false-reject-rate', 0.1)[0] == 0
    assert load_inspector(checkpoint).model.fingerprint == before


def test_inspections_decide_with_it(good, tmp_path, call):
    checkpoint = anomaly_files(tmp_path / 'run')
    assert call('calibrate', checkpoint, good, '--false-reject-rate', 0.25)[0] == 0
    assert call('inspect_images', checkpoint, good, '--out', tmp_path / 'out')[0] == 0
    lines = [json.loads(line) for line in (tmp_path / 'out' / 'results.jsonl').read_text().splitlines()]
    state = torch.load(checkpoint, weights_only=True)['threshold']
    assert sum(line['is_defect'] for line in lines) == 5  # 24 less rank ceil(25 * 0.75) = 19
    assert all(line['threshold']['value'] == Calibration.from_state(state).threshold.value for line in lines)


@pytest.mark.parametrize('rate, said', [(0.01, 'holds 24 images, which are too few .* give 99 at least'),
                                        (0, 'between 0 and 1'), (1.5, 'between 0 and 1')])
def test_rates_that_cannot_be_promised(rate, said, good, tmp_path, call):
    checkpoint = detector_files(tmp_path / 'run')
    before = content(tmp_path)
    status, _, error = call('calibrate', checkpoint, good, '--false-reject-rate', rate)
    assert status == 2 and error.count('\n') == 1 and content(tmp_path) == before
    assert re.search(said, error), error


def test_unreadable_image_stores_nothing(good, tmp_path, call):
    checkpoint = detector_files(tmp_path / 'run')
    (good / 'g05.png').write_bytes(b'no image')
    before = content(tmp_path)
    status, _, error = call('calibrate', checkpoint, good, '--false-reject-rate', 0.1)
    assert status == 2 and 'g05.png' in error.splitlines()[-1] and content(tmp_path) == before


def test_safetensors(good, tmp_path, call):
    (tmp_path / 'w.safetensors').touch()
    status, _, error = call('calibrate', tmp_path / 'w.safetensors', good, '--false-reject-rate', 0.1)
    assert status == 2 and 'weights alone' in error and error.count('\n') == 1


def test_a_camera_that_stands_still_promises_little(tmp_path, call, caplog):
    """Sixteen times one picture: what is promised is what one picture promises."""
    frozen = write_images(tmp_path / 'good', **{f'g{n:02d}': (60, 80) for n in range(16)})
    checkpoint = anomaly_files(tmp_path / 'run')
    before = content(tmp_path)
    status, _, error = call('calibrate', checkpoint, frozen, '--false-reject-rate', 0.1)
    assert status == 2 and 'of 16 images only 1 differ from each other: 1 normal images are too few' in error
    assert content(tmp_path) == before
    status, said, error = call('calibrate', checkpoint, frozen, '--false-reject-rate', 0.5)
    assert status == 0 and '1 images)' in said and 'Of 16 normal images only 1 differ' in caplog.text


def test_recompressed_copies_promise_what_their_originals_do(tmp_path, call, caplog):
    paths = [save(scene(seed), tmp_path / 'parts' / f'{seed}.png') for seed in range(10)]
    for seed in range(10):
        save(scene(seed), tmp_path / 'parts' / f'{seed}.jpg', quality=85)
    status, said, error = call('calibrate', anomaly_files(tmp_path / 'run'), paths[0].parent, '--false-reject-rate',
                               0.1, '--dry-run')
    assert status == 0, error
    assert '10 images)' in said and 'Of 20 normal images only 10 differ' in caplog.text and 'warning' not in said


def test_folders_of_which_none_is_good_and_those_of_a_training(tmp_path, call):
    folder = write_images(tmp_path / 'train', **{f'{name}__{n}': (60 + 5 * n + shift, 80 + 5 * n) for n in range(5)
                                                 for name, shift in (('hole', 0), ('stain', 40))})
    export_onnx(load_inspector(anomaly_files(tmp_path / 'run')).network, tmp_path / 'm.onnx')
    status, said, error = call('calibrate', tmp_path / 'm.onnx', folder, '--false-reject-rate', 0.2, '--dry-run')
    assert status == 0, error
    assert 'warning: ' in said and '2 folders of images, none of which is called good (hole, stain)' in said
    assert 'is called as the images of a training are' in said


def test_defects_among_the_good_parts(tmp_path, call):
    folder = write_images(tmp_path / 'test', **{f'good__{n}': (60 + n, 80) for n in range(9)}, hole__a=(60, 250))
    checkpoint = anomaly_files(tmp_path / 'run')
    before = content(tmp_path)
    status, _, error = call('calibrate', checkpoint, folder, '--false-reject-rate', 0.1)
    assert status == 2 and 'holds images in hole, which seem to be of defects' in error and 'test/good' in error
    assert content(tmp_path) == before


def test_a_model_that_another_command_changes(good, tmp_path, call):
    checkpoint = detector_files(tmp_path / 'run')
    before = content(tmp_path)
    with replacing_alone(checkpoint):
        status, _, error = call('calibrate', checkpoint, good, '--false-reject-rate', 0.1)
        assert status == 2 and 'another command is changing' in error
        assert call('calibrate', checkpoint, good, '--false-reject-rate', 0.1, '--dry-run')[0] == 0
    assert content(tmp_path) == before


def test_good_parts_that_the_model_does_not_know(good, tmp_path, call):
    """The first calibration is of dark parts, the second of brighter ones; a third of the same is silent."""
    others = write_images(tmp_path / 'others', **{f'g{n:02d}': (60 + n, 200 + 2 * n) for n in range(24)})
    checkpoint = anomaly_files(tmp_path / 'run')
    assert call('calibrate', checkpoint, good, '--false-reject-rate', 0.1)[0] == 0
    before = load_inspector(checkpoint)
    limit = before.threshold.value
    above = sum(result.score > limit for result in before.many(sorted(others.iterdir())))
    status, said, error = call('calibrate', checkpoint, others, '--false-reject-rate', 0.1)
    assert status == 0, error
    assert 'warning: these 24 good images score otherwise than the 24 by which the model was calibrated before' in said
    assert f'{above} of 24 are above the threshold so far, {limit:.4g}' in said
    status, said, _ = call('calibrate', checkpoint, others, '--false-reject-rate', 0.1)
    assert status == 0 and 'warning' not in said

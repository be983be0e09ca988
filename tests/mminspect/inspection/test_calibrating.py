"""Calibration from results, and its way into files."""
from dataclasses import replace

import numpy as np
import pytest
import torch
from mmengine.logging.history_buffer import HistoryBuffer

from helpers import build, detector_cfg
from inspection_helpers import Corners, anomaly_inspector, bright, calibration
from mminspect.core.errors import UserError
from mminspect.decisions import Calibration, MapScale
from mminspect.inspection.calibrating import calibrate, check_storable, numbers_of, store_calibration
from mminspect.inspection.inspector import Inspector
from mminspect.models.safe_loading import load_from_local

LEVELS = range(40, 140, 5)  # 20 images


def normal_results():
    return list(anomaly_inspector().many([bright(level, level + 30) for level in LEVELS]))


def test_threshold_and_limit_follow_the_conformal_rule():
    """Of 20 images, the rate 0.1 leaves out the two that are beyond rank ceil(21 * 0.9) = 19."""
    results = normal_results()
    found = calibrate(results, 0.1, 'normal images of x')
    scores, peaks = (np.sort([pick(r) for r in results]) for pick in (lambda r: r.score, lambda r: r.anomaly_map.max()))
    assert found.threshold.value == scores[18] and found.threshold.count == 20
    assert found.threshold.origin == 'normal images of x' and '10 %' in found.threshold.rule
    assert found.fused.limit == peaks[18] and found.fused.low == min(r.anomaly_map.min() for r in results)
    assert found.scores.values == tuple(scores) and found.scores.origin == 'normal images of x'
    assert found.levels == ()


def test_scales_of_single_levels_are_kept():
    earlier = Calibration(calibration().threshold, MapScale(0, 1), (MapScale(0.0, 2.0), MapScale(0.1, 3.0)))
    assert calibrate(normal_results(), 0.1, 'x', earlier).levels == earlier.levels


def test_copies_are_known_by_their_pixels(caplog):
    """Twenty pictures and each of them three times more: the same calibration."""
    images = [bright(level, level + 30) for level in LEVELS] * 4
    pairs = list(anomaly_inspector().pairs(images))
    found = calibrate((numbers_of(result, pixels) for pixels, result in pairs), 0.1, 'x')
    assert found == calibrate(normal_results(), 0.1, 'x') and len(found.scores) == 20
    assert 'Of 80 normal images only 20 differ' in caplog.text
    assert calibrate((result for _, result in pairs), 0.1, 'x') == found  # by their maps
    with pytest.raises(UserError, match='of 80 images only 20 differ'):
        calibrate((numbers_of(result, pixels) for pixels, result in pairs), 0.02, 'x')


def test_tiles_are_noted():
    found = calibrate(normal_results(), 0.1, 'x', tile=64, overlap=8)
    assert (found.tile, found.overlap) == (64, 8)
    assert calibrate(normal_results(), 0.1, 'x', found).tile == 0  # it is not the earlier ones' that count


def test_detectors_have_no_limit_of_pixels():
    results = list(Inspector(Corners()).many([bright(level) for level in LEVELS]))
    found = calibrate(results, 0.1, 'x')
    assert found.fused is None
    assert found.threshold.value == np.sort([r.detections.scores.max() for r in results])[18]
    assert Calibration.from_state(found.state()) == found


def test_a_model_that_finds_nothing_gets_no_threshold():
    results = [replace(result, score=0.0) for result in normal_results()]
    with pytest.raises(UserError, match='finds nothing at all in these 20 images'):
        calibrate(results, 0.1, 'x')


def test_too_few_images_say_how_many_are_needed():
    with pytest.raises(UserError, match=r'20 normal images are too few .* 99 at least'):
        calibrate(normal_results(), 0.01, 'x')


def equal(a, b):
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return type(a) is type(b) and list(a) == list(b) and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, HistoryBuffer):
        return np.array_equal(a.data[0], b.data[0]) and a.max() == b.max()
    return type(a) is type(b) and a == b


@pytest.fixture
def checkpoint(tmp_path):
    """As mmengine writes it: weights, two optimiser states, a loss history, an earlier threshold."""
    model = build(detector_cfg())
    optimizer = torch.optim.Adam(model.parameters())
    sum(p.sum() for p in model.parameters() if p.requires_grad).backward()
    optimizer.step()
    path = tmp_path / 'epoch_2.pth'
    torch.save(dict(
        meta=dict(epoch=2, iter=40, seed=0, cfg='text', dataset_meta=dict(classes=('a', 'b'))),
        state_dict=model.state_dict(), optimizer=optimizer.state_dict(),
        message_hub=dict(log_scalars={'train/loss': HistoryBuffer([3.0, 2.0, 1.0], [1, 1, 1])},
                         runtime_info=dict(epoch=2)),
        param_schedulers=[dict(last_step=3, verbose=False)], threshold=calibration().state()), path)
    return path


def test_checkpoint_keeps_all_else(checkpoint):
    before = load_from_local(str(checkpoint))
    found = calibrate(normal_results(), 0.1, 'x')
    store_calibration(checkpoint, found)
    after = load_from_local(str(checkpoint))
    assert Calibration.from_state(after.pop('threshold')) == found
    assert Calibration.from_state(before.pop('threshold')) == calibration()
    assert list(before) == list(after)
    for key in before:
        assert equal(before[key], after[key]), key
    assert [path.name for path in checkpoint.parent.iterdir()] == ['epoch_2.pth']


def test_weights_alone_become_a_checkpoint(tmp_path):
    weights = build(detector_cfg()).state_dict()
    torch.save(weights, tmp_path / 'w.pth')
    store_calibration(tmp_path / 'w.pth', calibration())
    found = load_from_local(str(tmp_path / 'w.pth'))
    assert set(found) == {'state_dict', 'threshold'} and equal(dict(found['state_dict']), dict(weights))


def test_failure_leaves_the_checkpoint(checkpoint, monkeypatch):
    before = checkpoint.read_bytes()

    def full(content, handle):
        handle.write(b'half')
        raise OSError('no space')
    monkeypatch.setattr(torch, 'save', full)
    with pytest.raises(OSError):
        store_calibration(checkpoint, calibration())
    assert checkpoint.read_bytes() == before and len(list(checkpoint.parent.iterdir())) == 1


def test_read_only_files_are_not_replaced(checkpoint):
    """The folder may be written to, so that nothing else would stop it."""
    before = checkpoint.read_bytes()
    checkpoint.chmod(0o444)
    with pytest.raises(UserError, match='is read-only and would be replaced'):
        store_calibration(checkpoint, calibration())
    assert checkpoint.read_bytes() == before and checkpoint.stat().st_mode & 0o777 == 0o444


def test_safetensors_take_no_threshold(tmp_path):
    with pytest.raises(UserError, match='weights alone'):
        check_storable(tmp_path / 'a.safetensors')
    with pytest.raises(UserError, match='weights alone'):
        store_calibration(tmp_path / 'a.safetensors', calibration())
    check_storable('a.pth')
    check_storable('a.onnx')

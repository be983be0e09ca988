"""From config and checkpoint to a network."""
import sys

import numpy as np
import pytest
import torch
from mmengine.config import Config
from safetensors.torch import save_file

from anomaly_helpers import RD4AD, build_small, noise, small_cfg, small_network
from detection_helpers import CLASSES
from mminspect.core.errors import UserError
from mminspect.decisions import HOLDOUT, Calibration, MapScale, NormalScores, Threshold
from mminspect.inspection.networks import build_network
from model_files import detector_files

STATE = Calibration(Threshold(0.5, HOLDOUT, 7, 'largest score'), MapScale(0.1, 0.6), (MapScale(0.0, 0.2),),
                    NormalScores(np.linspace(0.1, 0.5, 7), HOLDOUT)).state()


@pytest.fixture
def checkpoint(tmp_path):
    """A function of what else is in the checkpoint."""
    def write(**more):
        model = build_small(small_cfg(RD4AD))
        torch.save(dict(state_dict=model.state_dict(), **more), tmp_path / 'epoch_1.pth')
        return str(tmp_path / 'epoch_1.pth')
    return write


def test_weights_name_and_fingerprint(checkpoint) -> None:
    expected, found = small_network(), build_network(small_cfg(RD4AD), checkpoint())
    assert found.spec == expected.spec and found.spec.name == 'rd4ad_r18_20e_mvtec' and found.runtime == 'pytorch'
    for name, values in expected(noise(2)).items():
        np.testing.assert_allclose(found(noise(2))[name], values, atol=1e-6)


def test_calibration_is_carried_over(checkpoint) -> None:
    assert build_network(small_cfg(RD4AD), checkpoint(threshold=STATE)).spec.calibration == STATE
    old = {key: value for key, value in STATE.items() if key != 'scores'}
    assert build_network(small_cfg(RD4AD), checkpoint(threshold=old)).spec.calibration == dict(STATE, scores=None)


def test_a_damaged_calibration_is_said(checkpoint) -> None:
    with pytest.raises(UserError, match='threshold is damaged'):
        build_network(small_cfg(RD4AD), checkpoint(threshold=dict(STATE, value='high')))


def test_safetensors_give_the_same_network(checkpoint, tmp_path) -> None:
    save_file(dict(build_small(small_cfg(RD4AD)).state_dict()), tmp_path / 'model.safetensors')
    found = build_network(small_cfg(RD4AD), str(tmp_path / 'model.safetensors'))
    assert found.spec == build_network(small_cfg(RD4AD), checkpoint()).spec


def test_random_weights_are_announced(messages) -> None:
    build_network(small_cfg(RD4AD), None)
    assert any('RANDOM' in line for line in messages)


def test_mistakes(checkpoint, tmp_path) -> None:
    with pytest.raises(UserError, match=r'nothing\.pth does not exist'):
        build_network(small_cfg(RD4AD), str(tmp_path / 'nothing.pth'))
    other = small_cfg(RD4AD)
    other.model.bottleneck.fusion.type = 'AKF'
    with pytest.raises(UserError, match='is not one of this config'):
        build_network(other, checkpoint())
    with pytest.raises(UserError, match=r'GlobalAveragePooling in .* is no AnomalyModel: derive it'):
        build_network(Config(dict(model=dict(type='GlobalAveragePooling'), default_scope='mmpretrain')), None)


def test_detectors(tmp_path) -> None:
    checkpoint = detector_files(tmp_path)
    cfg = Config.fromfile(next(tmp_path.glob('*.py')))
    network = build_network(cfg, str(checkpoint))
    assert network.spec.kind == 'detection' and network.spec.classes == tuple(CLASSES)
    found = network(np.zeros((2, *network.spec.input_size, 3), np.float32))
    assert set(found) == {'boxes', 'scores'} and found['boxes'].shape[0] == 2


def test_an_anomaly_model_needs_no_detector(checkpoint, monkeypatch) -> None:
    for name in ('mminspect.inspection.networks.detection', 'mminspect.inspection.networks.heads'):
        monkeypatch.setitem(sys.modules, name, None)
    build_network(small_cfg(RD4AD), checkpoint())

"""What version 0.1 wrote is still read: its checkpoints, exported model and calibrations give the answers they gave.

make_models.py made the files with that version.
"""
from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mminspect.inspection import load_inspector
from mminspect.inspection.inspector import Inspector

ARCHIVE = Path(__file__).parent / 'version_0_1.zip'
MODELS = ('anomaly.pth', 'anomaly.onnx', 'detector.pth')


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp('version_0_1')
    with zipfile.ZipFile(ARCHIVE) as archive:
        archive.extractall(path)
    return path


@pytest.fixture(scope='module')
def answers(folder) -> dict[str, Any]:
    return json.loads((folder / 'answers.json').read_text())


def opened(folder: Path, model: str) -> Inspector:
    config = None if model.endswith('.onnx') else folder / Path(model).with_suffix('.py')
    return load_inspector(folder / model, config)


def test_every_model_has_its_answers(answers):
    assert set(answers) == set(MODELS) and ARCHIVE.stat().st_size < 300_000


@pytest.mark.parametrize('model', MODELS)
def test_scores_boxes_and_maps_are_as_they_were(folder, answers, model):
    expected = answers[model]
    result = opened(folder, model)(folder / expected['picture'])
    assert result.score == pytest.approx(expected['score'], abs=1e-5)
    assert result.is_defect is expected['is_defect']
    np.testing.assert_allclose(result.detections.boxes, np.reshape(expected['boxes'], (-1, 4)), atol=1e-3)
    np.testing.assert_allclose(result.detections.scores, expected['box_scores'], atol=1e-5)
    if expected['map'] is None:
        assert result.anomaly_map is None
    else:
        np.testing.assert_allclose(result.anomaly_map[::8, ::8], expected['map'], atol=1e-5)


@pytest.mark.parametrize('model', MODELS)
def test_calibrations_are_as_they_were(folder, answers, model):
    threshold = opened(folder, model).threshold
    assert threshold.value == answers[model]['threshold']
    assert threshold.count == answers[model]['threshold_images'] > 0


@pytest.mark.parametrize('model', [name for name in MODELS if name.endswith('.pth')])
def test_a_checkpoint_needs_no_config_beside_it(folder, answers, model, tmp_path):
    """The text of its config is in it, and read as data."""
    alone = tmp_path / model
    alone.write_bytes((folder / model).read_bytes())
    inspector = load_inspector(alone)
    assert inspector(folder / answers[model]['picture']).score == pytest.approx(answers[model]['score'], abs=1e-5)
    assert inspector.threshold.value == answers[model]['threshold']


def test_an_answer_hangs_on_the_picture(folder, answers):
    """The comparison above could fail: another picture gets another score."""
    for model in MODELS:
        inspector = opened(folder, model)
        other = np.zeros((64, 64, 3), np.uint8)
        assert abs(inspector(other).score - answers[model]['score']) > 1e-3

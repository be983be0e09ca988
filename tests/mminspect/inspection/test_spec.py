"""The description of a network survives the file that carries it."""
import json
from dataclasses import replace

import pytest

from mminspect.core.errors import UserError
from mminspect.decisions import Calibration, MapScale, NormalScores, Threshold
from mminspect.inspection.spec import VERSION, NetworkSpec, Suppression
from mminspect.vision.reading import Reading

CALIBRATION = Calibration(Threshold(0.5, 'hold-out normal images', 2), MapScale(0.1, 0.5),
                          scores=NormalScores((0.25, 0.5)))
ANOMALY = NetworkSpec('rd4ad', 'anomaly', ('defect',), 'a' * 16, (256, 128), False, (1.5, 2.0, 3.25),
                      calibration=CALIBRATION.state(), tile=1024, overlap=96, image_size=(292, 146),
                      reading=Reading(4095.0, False))
DETECTION = NetworkSpec('gfl', 'detection', ('hair', 'glass'), 'b' * 16, (480, 1088), True, outputs=('boxes', 'scores'),
                        suppression=Suppression((100, 25), 0.05, 1000, 0.6, 100))


@pytest.mark.parametrize('spec', [ANOMALY, DETECTION])
def test_it_comes_back_as_it_was(spec: NetworkSpec) -> None:
    again = NetworkSpec.from_json(spec.to_json(), 'model.onnx')
    assert again == spec and hash(again.classes) == hash(spec.classes)  # tuples, not lists


def test_another_calibration_changes_nothing_else() -> None:
    state = Calibration(Threshold(0.7, 'given', 0)).state()
    changed = ANOMALY.with_calibration(state)
    assert changed.calibration == state and replace(changed, calibration=ANOMALY.calibration) == ANOMALY


def test_files_of_version_1_are_read_and_say_nothing_of_reading() -> None:
    """As this project's first version wrote them: no ``reading``, which was always the default."""
    fields = json.loads(DETECTION.to_json())
    assert fields.pop('version') == VERSION == 2 and fields.pop('reading') == dict(max_value=None, orientation=True)
    assert NetworkSpec.from_json(json.dumps(dict(fields, version=1)), 'model.onnx') == DETECTION


def without(key: str) -> str:
    fields = json.loads(DETECTION.to_json())
    del fields[key]
    return json.dumps(fields)


@pytest.mark.parametrize('text', ['', '[]', '{', 'null', without('classes'), without('version'), without('suppression'),
                                  DETECTION.to_json().replace('"version": 2', '"version": 99'),
                                  DETECTION.to_json().replace('"nms_pre"', '"nms_past"')])
def test_damage_names_the_file(text: str) -> None:
    with pytest.raises(UserError, match=r'description in model\.onnx is damaged'):
        NetworkSpec.from_json(text, 'model.onnx')

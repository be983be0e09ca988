"""Results as plain data."""
import json

import numpy as np

from mminspect.decisions import Threshold
from mminspect.inspection.result import STAGES, InspectionResult, ModelInfo
from mminspect.vision.boxes import ScoredBoxes

MODEL = ModelInfo('gfl', 'detection', ('hair', 'glass'), 'b' * 16, 'openvino', 'bf16', 1024, 128)


def test_everything_but_the_map_is_ready_for_json() -> None:
    found = ScoredBoxes(np.array([[1.234, 2, 30.5, 40], [5, 6, 7, 8]], np.float32), np.array([0.75, 0.5], np.float32),
                       np.array([1, 0]))
    threshold, heat = Threshold(0.6, 'hold-out normal images', 99, 'max'), np.zeros((480, 640), np.float32)
    result = InspectionResult('a/b.png', (480, 640), 0.75, True, threshold, found, heat, MODEL,
                              dict.fromkeys(STAGES, 1.23456))
    again = json.loads(json.dumps(result.as_dict()))
    assert again == dict(
        image='a/b.png', height=480, width=640, score=0.75, is_defect=True,
        threshold=dict(value=0.6, origin='hold-out normal images', count=99, rule='max'),
        boxes=[dict(box=[1.23, 2.0, 30.5, 40.0], score=0.75, label='glass'),
               dict(box=[5.0, 6.0, 7.0, 8.0], score=0.5, label='hair')],
        model='gfl', kind='detection', fingerprint='b' * 16, runtime='openvino', precision='bf16', tile=1024,
        overlap=128,
        milliseconds=dict(decode=1.235, preprocess=1.235, network=1.235, postprocess=1.235))


def test_without_a_threshold_and_boxes() -> None:
    result = InspectionResult('a.png', (4, 4), 0.0, None, None, ScoredBoxes.none(), None, MODEL)
    found = result.as_dict()
    assert found['threshold'] is None and found['is_defect'] is None and found['boxes'] == []
    assert ScoredBoxes.none().boxes.shape == (0, 4) and ScoredBoxes.none().labels.dtype == np.int64

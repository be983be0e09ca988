"""What every model of the repository keeps to, from PyTorch and from its exported file."""
import json
import math
import re

import numpy as np
import pytest

from inspection_helpers import bright, calibration
from mminspect.decisions import MapScale
from mminspect.inspection import InspectionResult, load_inspector
from mminspect.inspection.export import export_onnx
from mminspect.inspection.result import STAGES
from model_files import ANOMALY, DETECTORS, anomaly_files, detector_files

#: Maps made of gradients cannot be exported: their files give the score alone.
SCORE_ONLY = ('mkd', 'mkd_ra')
#: mmdet does not end its boxes at the border of the image.
UNCLIPPED = ('TOOD', )


def pictures() -> list[np.ndarray]:
    """A defect, a deep image, and other sides than the network's."""
    noise = np.random.default_rng(0).integers(0, 2**16, (50, 120, 3), dtype=np.uint16)
    return [bright(80, 250), noise, noise[:40, :37, 0]]


def check(result: InspectionResult, image: np.ndarray, kind: str, clipped: bool = True) -> None:
    """All that :class:`InspectionResult` promises."""
    height, width = image.shape[:2]
    assert result.shape == (height, width) and result.image == 'part'
    assert type(result.score) is float and math.isfinite(result.score)
    assert result.is_defect is (result.score > result.threshold.value)
    found = result.detections
    assert (found.boxes.dtype, found.scores.dtype, found.labels.dtype) == (np.float32, np.float32, np.int64)
    assert found.boxes.shape == (len(found.scores), 4) and found.labels.shape == found.scores.shape
    assert (np.diff(found.scores) <= 0).all() and np.isfinite(found.boxes).all()
    if len(found.boxes):
        if clipped:
            assert found.boxes.min() >= 0 and (found.boxes.max(axis=0) <= [width, height, width, height]).all()
        assert (found.boxes[:, 2:] > found.boxes[:, :2]).all()
        assert set(found.labels) <= set(range(len(result.model.classes)))
    if kind == 'detection':
        assert result.anomaly_map is None and result.score == found.scores.max(initial=0)
    elif result.anomaly_map is not None:
        assert result.anomaly_map.shape == (height, width) and result.anomaly_map.dtype == np.float32
        assert np.isfinite(result.anomaly_map).all()
    assert tuple(result.milliseconds) == STAGES and all(value >= 0 for value in result.milliseconds.values())
    assert result.model.kind == kind and re.fullmatch('[0-9a-f]{16}', result.model.fingerprint)
    record = json.loads(json.dumps(result.as_dict(), allow_nan=False))
    assert record['is_defect'] is result.is_defect and len(record['boxes']) == len(found.boxes)


@pytest.mark.parametrize('family', [*ANOMALY, *DETECTORS])
def test_every_family_from_pytorch_and_from_its_export(family, tmp_path):
    kind = 'anomaly' if family in ANOMALY else 'detection'
    files = anomaly_files if kind == 'anomaly' else detector_files
    native = load_inspector(files(tmp_path, family))
    export_onnx(native.network, tmp_path / 'model.onnx')
    exported = load_inspector(tmp_path / 'model.onnx')
    assert (native.model.runtime, exported.model.runtime) == ('pytorch', 'onnxruntime')
    assert native.model.fingerprint == exported.model.fingerprint and native.model.name == family
    assert native.calibration == exported.calibration == calibration()
    for image in pictures():
        results = [inspector(image, name='part') for inspector in (native, exported)]
        for factor in (0.9, 1.1):  # a decision of each kind
            native.threshold = exported.threshold = factor * results[0].score
            results = [inspector(image, name='part') for inspector in (native, exported)]
            assert [result.is_defect for result in results] == [factor < 1] * 2
            for result in results:
                check(result, image, kind, family not in UNCLIPPED)
        agree(*results, family)


def agree(one: InspectionResult, other: InspectionResult, family: str) -> None:
    assert abs(one.score - other.score) < 1e-3
    if family in SCORE_ONLY:
        assert other.anomaly_map is None and len(other.detections.boxes) == 0
    elif family in ANOMALY:
        assert np.abs(one.anomaly_map - other.anomaly_map).max() < 1e-3
    else:
        assert len(one.detections.boxes) > 0
        assert np.array_equal(one.detections.labels, other.detections.labels)
        assert np.abs(one.detections.boxes - other.detections.boxes).max() < 1e-2
        assert np.abs(one.detections.scores - other.detections.scores).max() < 1e-3


@pytest.mark.parametrize('family', ['rd4ad', 'GFL'])
def test_tiles_keep_the_contract(family, tmp_path):
    kind = 'anomaly' if family in ANOMALY else 'detection'
    files = anomaly_files if kind == 'anomaly' else detector_files
    inspector = load_inspector(files(tmp_path, family), tile=64)
    image = np.random.default_rng(0).integers(0, 255, (150, 100, 3), dtype=np.uint8)
    check(inspector(image, name='part'), image, kind)


def test_regions_are_those_above_the_limit_of_pixels(tmp_path):
    path = anomaly_files(tmp_path, 'rd4ad')
    heat = load_inspector(path)(bright(80, 250)).anomaly_map
    limit = float(np.quantile(heat, 0.9))
    inspector = load_inspector(anomaly_files(tmp_path / 'two', 'rd4ad', calibration(pixel_limit=limit)))
    assert inspector.calibration.fused == MapScale(0.1, limit)
    result = inspector(bright(80, 250))
    inside = np.zeros(heat.shape, bool)
    for x0, y0, x1, y1 in result.detections.boxes.astype(int):
        inside[y0:y1, x0:x1] = True
    assert len(result.detections.boxes) and inside[heat > limit].all() and not inside.all()

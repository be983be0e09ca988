"""A survey of everything that a report can tell."""
from __future__ import annotations

from pathlib import Path

import pytest

from mminspect import runtime
from mminspect.survey.conclusions import conclude
from mminspect.survey.surveying import Survey, survey
from survey_helpers import anomaly_config, anomaly_set, coco_set, detection_config, save, scene


@pytest.fixture
def told(tmp_path: Path) -> Survey:
    """An anomaly set with brighter defects, a leak, a damaged image, and a name that HTML would take for a tag."""
    root = anomaly_set(tmp_path / 'part', counts=(6, 6, 6), level=60)
    (root / 'test' / 'good' / '001.png').write_bytes(b'no')
    save(scene(2), root / 'test' / 'good' / '<b>again.bmp')
    return _survey(anomaly_config(root, tmp_path / 'a.py', 32))


@pytest.fixture
def detected(tmp_path: Path) -> Survey:
    """A detection set with nothing to tell but small boxes."""
    for name, first in (('train', 0), ('val', 10)):
        pictures = {f'{number}.png': scene(number) for number in range(first, first + 6)}
        coco_set(tmp_path / 'data', name, pictures, {file: [[20, 20, 40, 30], [9, 90, 8, 8]] for file in pictures})
    return _survey(detection_config(tmp_path / 'data', tmp_path / 'b.py'))


def _survey(config: Path) -> Survey:
    found = survey(runtime.load_config(str(config)), config.stem)
    found.findings += conclude(found)
    return found

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

TOOL = 'datasets/labelme2mask'


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """One drawing of 20x10 pixels with a dent of 3x2 and a scratch of 4x4."""
    boxes = dict(dent=[[1, 1], [3, 2]], scratch=[[10, 5], [13, 8]])
    shapes = [dict(label=label, shape_type='rectangle', points=points) for label, points in boxes.items()]
    path = tmp_path / 'test' / 'dent' / '000.json'
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(dict(shapes=shapes, imageWidth=20, imageHeight=10)))
    return tmp_path / 'test'


def test_all_and_some_labels(call: Callable, source: Path, tmp_path: Path) -> None:
    status, out, _ = call(TOOL, source, '--out', tmp_path / 'gt')
    assert (status, out) == (0, f"1 masks of dent, scratch\nwritten to {tmp_path / 'gt'}\n")
    assert cv2.imread(str(tmp_path / 'gt/dent/000_mask.png'), -1).sum() == (6 + 16) * 255
    assert call(TOOL, source, '--out', tmp_path / 'some', '--labels', 'dent, ', '--suffix', '')[0] == 0
    assert cv2.imread(str(tmp_path / 'some/dent/000.png'), -1).sum() == 6 * 255


def test_error_is_one_sentence_and_status_2(call: Callable, source: Path, tmp_path: Path) -> None:
    (source / 'dent' / '001.json').write_text('{"shapes":')
    status, _, error = call(TOOL, source, '--out', tmp_path / 'gt')
    assert status == 2 and error.count('\n') == 1
    assert error.startswith(f"error: file of Labelme '{source}/dent/001.json' is not valid JSON")
    assert not (tmp_path / 'gt').exists()

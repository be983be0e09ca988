from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

TOOL = 'datasets/voc2coco'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Ten 20x10 PNG images with one object from (2, 3) to (9, 8), counted from 1."""
    for folder in ('JPEGImages', 'Annotations'):
        (tmp_path / 'voc' / folder).mkdir(parents=True)
    for number in range(10):
        cv2.imwrite(str(tmp_path / 'voc' / 'JPEGImages' / f'{number}.png'), np.zeros((10, 20, 3), np.uint8))
        (tmp_path / 'voc' / 'Annotations' / f'{number}.xml').write_text(
            '<annotation><object><name>hair</name><bndbox><xmin>2</xmin><ymin>3</ymin><xmax>9</xmax><ymax>8</ymax>'
            '</bndbox></object></annotation>')
    return tmp_path / 'voc'


def test_convert(call: Callable, root: Path, tmp_path: Path) -> None:
    status, out, _ = call(TOOL, root, '--out', tmp_path / 'out', '--split', 0.8, '--offset', 0, '--classes',
                          'glass,hair')
    assert status == 0 and 'train: 8 images, 8 boxes (0 difficult), classes glass, hair' in out
    data = json.loads((tmp_path / 'out' / 'instances_val.json').read_text())
    assert [a['bbox'] for a in data['annotations']] == [[2, 3, 7, 5]] * 2
    assert {a['category_id'] for a in data['annotations']} == {2}


def test_error_is_one_sentence_and_status_2(call: Callable, root: Path, tmp_path: Path) -> None:
    status, _, error = call(TOOL, root, '--out', tmp_path / 'out')
    assert status == 2 and error.count('\n') == 1
    assert error.startswith(f"error: '{root}' has no ImageSets/Main/train.txt")
    assert not (tmp_path / 'out').exists()


def test_three_fractions_are_refused(call: Callable, root: Path) -> None:
    status, _, error = call(TOOL, root, '--out', 'x', '--split', 0.8, 0.1, 0.1)
    assert status == 2 and 'one or two fractions' in error

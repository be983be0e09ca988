from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from mminspect.cli import run

TOOL = Path(__file__).resolve().parents[3] / 'tools' / 'datasets' / 'voc2coco.py'


@pytest.fixture(scope='module')
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location('voc2coco_tool', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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


def test_convert(tool: ModuleType, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    out = tmp_path / 'out'
    assert tool.main([str(root), '--out', str(out), '--split', '0.8', '--offset', '0', '--classes', 'glass,hair']) == 0
    assert 'train: 8 images, 8 boxes (0 difficult), classes glass, hair' in capsys.readouterr().out
    data = json.loads((out / 'instances_val.json').read_text())
    assert [a['bbox'] for a in data['annotations']] == [[2, 3, 7, 5]] * 2
    assert {a['category_id'] for a in data['annotations']} == {2}


def test_error_is_one_sentence_and_status_2(tool: ModuleType, root: Path, tmp_path: Path,
                                            capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as exit_info:
        run(lambda: tool.main([str(root), '--out', str(tmp_path / 'out')]))
    assert exit_info.value.code == 2
    message = capsys.readouterr().err.strip().splitlines()
    assert len(message) == 1
    assert message[0].startswith(f"error: '{root}' has no ImageSets/Main/train.txt")
    assert not (tmp_path / 'out').exists()


def test_three_fractions_are_refused(tool: ModuleType, root: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        tool.main([str(root), '--out', 'x', '--split', '0.8', '0.1', '0.1'])
    assert 'one or two fractions' in capsys.readouterr().err

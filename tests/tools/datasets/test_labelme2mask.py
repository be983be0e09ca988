from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import cv2
import pytest
from mminspect.cli import run

TOOL = Path(__file__).resolve().parents[3] / 'tools' / 'datasets' / 'labelme2mask.py'


@pytest.fixture(scope='module')
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location('labelme2mask', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """One drawing of 20x10 pixels with a dent of 3x2 and a scratch of 4x4."""
    boxes = dict(dent=[[1, 1], [3, 2]], scratch=[[10, 5], [13, 8]])
    shapes = [dict(label=label, shape_type='rectangle', points=points) for label, points in boxes.items()]
    path = tmp_path / 'test' / 'dent' / '000.json'
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(dict(shapes=shapes, imageWidth=20, imageHeight=10)))
    return tmp_path / 'test'


def test_all_and_some_labels(tool: ModuleType, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert tool.main([str(source), '--out', str(tmp_path / 'gt')]) == 0
    assert capsys.readouterr().out == f"1 masks of dent, scratch\nwritten to {tmp_path / 'gt'}\n"
    assert cv2.imread(str(tmp_path / 'gt/dent/000_mask.png'), -1).sum() == (6 + 16) * 255
    assert tool.main([str(source), '--out', str(tmp_path / 'some'), '--labels', 'dent, ', '--suffix', '']) == 0
    assert cv2.imread(str(tmp_path / 'some/dent/000.png'), -1).sum() == 6 * 255


def test_error_is_one_sentence_and_status_2(tool: ModuleType, source: Path, tmp_path: Path,
                                            capsys: pytest.CaptureFixture) -> None:
    (source / 'dent' / '001.json').write_text('{"shapes":')
    with pytest.raises(SystemExit) as exit_info:
        run(lambda: tool.main([str(source), '--out', str(tmp_path / 'gt')]))
    assert exit_info.value.code == 2
    message = capsys.readouterr().err.strip().splitlines()
    assert len(message) == 1 and message[0].startswith(f"error: '{source}/dent/001.json' is not a complete JSON file")
    assert not (tmp_path / 'gt').exists()

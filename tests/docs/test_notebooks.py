"""Both notebooks run from the first cell to the last at toy size, and are committed without what they have said."""
from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers import ROOT
from mminspect.inspection import load_inspector
from mminspect.models.checkpoint import Checkpoint

NOTEBOOKS = sorted((ROOT / 'docs' / 'notebooks').glob('*.ipynb'))


@pytest.fixture
def execute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """execute(name): run a notebook in ``tmp_path``, without a way to the network; gives all that it printed."""
    nbclient = pytest.importorskip('nbclient', reason='pip install -r requirements/tests.txt')
    nbformat = pytest.importorskip('nbformat')
    pytest.importorskip('ipykernel')
    monkeypatch.setenv('MMINSPECT_NOTEBOOK', 'toy')
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join([str(ROOT / 'projects'), os.environ.get('PYTHONPATH', '')]))
    for name in ('http_proxy', 'https_proxy'):
        monkeypatch.setenv(name, 'http://127.0.0.1:9')

    def run(name: str) -> str:
        notebook = nbformat.read(ROOT / 'docs' / 'notebooks' / f'{name}.ipynb', as_version=4)
        nbclient.NotebookClient(notebook, timeout=300, resources=dict(metadata=dict(path=str(tmp_path)))).execute()
        outputs = [output for cell in notebook.cells for output in cell.get('outputs', ())]
        return ''.join(output.get('text', '') for output in outputs)

    return run


def test_own_images_become_decisions(execute: Callable[[str], str], tmp_path: Path) -> None:
    said = execute('own_images_to_a_decision')
    folder = tmp_path / 'work_dirs' / 'own_images'
    pictures = sorted(path.relative_to(folder / 'photos' / 'weave' / 'test')
                      for path in (folder / 'photos' / 'weave' / 'test').rglob('*.png'))
    lines = [json.loads(line) for line in (folder / 'results' / 'results.jsonl').read_text().splitlines()]
    assert len(lines) == len(pictures) == 5 and len([*(folder / 'results' / 'overlays').rglob('*.png')]) == 5
    inspector = load_inspector(folder / 'model.onnx')
    assert inspector.threshold.count == 19
    assert all(line['is_defect'] is (line['score'] > inspector.threshold.value) for line in lines)
    # 19 scores of good pictures: the largest is the threshold for 5 %, and others are below that for 20 %
    scores = sorted(result.score for result in inspector.many(
        sorted((folder / 'photos' / 'weave' / 'calibration' / 'good').iterdir())))
    assert inspector.threshold.value == pytest.approx(scores[-1], rel=1e-5)
    at_20 = float(re.search(r'threshold at 20 %: ([\d.]+)', said)[1])
    assert scores[0] < at_20 < inspector.threshold.value


def test_a_student_is_distilled_and_compared(execute: Callable[[str], str], tmp_path: Path) -> None:
    said = execute('distil_and_compare')
    rows = re.findall(r'^(teacher|student alone|student distilled) .*\d$', said, re.M)
    assert rows == ['teacher', 'student alone', 'student distilled']
    folder = tmp_path / 'work_dirs' / 'distil'

    def weights(name: str) -> dict[str, Any]:
        return Checkpoint.open(folder / name / 'epoch_1.pth').content['state_dict']
    alone, distilled = weights('gfl_lite0_4e_vials'), weights('fdrd_gfl_lite0_4e_vials')
    assert set(alone) == set(distilled), 'the teacher is no part of the student'
    assert any(not alone[name].equal(distilled[name]) for name in alone if name.endswith('weight'))
    millions = [float(value) for value in re.findall(r'([\d.]+) million numbers', said)]
    assert millions[1] == millions[2] < millions[0]


@pytest.mark.parametrize('path', NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_committed_without_outputs(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding='utf-8'))
    code = [cell for cell in notebook['cells'] if cell['cell_type'] == 'code']
    assert len(code) >= 8 and all(cell['outputs'] == [] and cell['execution_count'] is None for cell in code)
    assert set(notebook['metadata']) == {'kernelspec', 'language_info'}, 'metadata of an editor or a machine'


@pytest.mark.parametrize('path', NOTEBOOKS, ids=lambda path: path.stem)
def test_one_variable_gives_the_size(path: Path) -> None:
    code = [''.join(cell['source']) for cell in json.loads(path.read_text(encoding='utf-8'))['cells']
            if cell['cell_type'] == 'code']
    assert sum("os.environ.get('MMINSPECT_NOTEBOOK', 'full')" in text for text in code) == 1
    assert sum('SIZE' in text for text in code) == 1, 'only the cell that says how large everything is'


def test_both_are_there() -> None:
    assert [path.stem for path in NOTEBOOKS] == ['distil_and_compare', 'own_images_to_a_decision']

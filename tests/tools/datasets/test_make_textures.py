from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from anomaly_rd.datasets.textures_writer import TexturesSpec
from mminspect.cli import run

TOOL = Path(__file__).resolve().parents[3] / 'tools' / 'datasets' / 'make_textures.py'
SMALL = ['--train', '2', '--good', '1', '--defective', '1', '--size', '64']


@pytest.fixture(scope='module')
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location('make_textures', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_render_and_again(tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert tool.main([str(tmp_path / 'set'), *SMALL]) == 0
    assert '6 images rendered' in capsys.readouterr().out
    assert len(list((tmp_path / 'set').rglob('*.png'))) == 9  # with three masks
    assert tool.main([str(tmp_path / 'set'), *SMALL]) == 0
    assert 'already there' in capsys.readouterr().out


def test_error_is_one_sentence_and_status_2(tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as exit_info:
        run(lambda: tool.main([str(tmp_path / 'set'), '--size', '100']))
    assert exit_info.value.code == 2
    assert capsys.readouterr().err == 'error: --size 100 is not possible: give a multiple of 32 from 64\n'
    assert not (tmp_path / 'set').exists()


def test_defaults_are_those_of_the_spec(tool: ModuleType) -> None:
    args = vars(tool.parse_args(['out']))
    assert TexturesSpec(**{key: value for key, value in args.items() if key != 'out'}) == TexturesSpec()

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from mminspect.cli import run

TOOL = Path(__file__).resolve().parents[3] / 'tools' / 'datasets' / 'make_vials.py'
SMALL = ['--train', '2', '--val', '1', '--size', '96', '64']


@pytest.fixture(scope='module')
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location('make_vials_tool', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_render_and_again(tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert tool.main([str(tmp_path / 'set'), *SMALL, '--classes', 'kinds', '--voc']) == 0
    assert '2 + 1 images rendered' in capsys.readouterr().out
    assert len(list((tmp_path / 'set' / 'images').rglob('*.png'))) == 3
    assert len(list((tmp_path / 'set' / 'Annotations').iterdir())) == 3
    assert tool.main([str(tmp_path / 'set'), *SMALL, '--classes', 'kinds', '--voc']) == 0
    assert 'already there' in capsys.readouterr().out


def test_error_is_one_sentence_and_status_2(tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / 'set').mkdir()
    (tmp_path / 'set' / 'thesis.txt').touch()
    with pytest.raises(SystemExit) as exit_info:
        run(lambda: tool.main([str(tmp_path / 'set'), *SMALL]))
    assert exit_info.value.code == 2
    message = capsys.readouterr().err.strip().splitlines()
    assert len(message) == 1
    assert message[0].startswith(f"error: '{tmp_path / 'set'}' exists and is not a complete set of these parameters")


def test_defaults_are_those_of_the_demo(tool: ModuleType) -> None:
    args = tool.parse_args(['out'])
    assert (args.train, args.val, tuple(args.size), args.seed, args.empty) == (160, 40, (320, 136), 0, 0.1)

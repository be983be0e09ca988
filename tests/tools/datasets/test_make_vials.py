from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from helpers import load_tool

TOOL = 'datasets/make_vials'
SMALL = ['--train', '2', '--val', '1', '--size', '96', '64']


def test_render_and_again(call: Callable, tmp_path: Path) -> None:
    status, out, _ = call(TOOL, tmp_path / 'set', *SMALL, '--classes', 'kinds', '--voc')
    assert status == 0 and '2 + 1 images rendered' in out
    assert len(list((tmp_path / 'set' / 'images').rglob('*.png'))) == 3
    assert len(list((tmp_path / 'set' / 'Annotations').iterdir())) == 3
    status, out, _ = call(TOOL, tmp_path / 'set', *SMALL, '--classes', 'kinds', '--voc')
    assert status == 0 and 'already there' in out


def test_error_is_one_sentence_and_status_2(call: Callable, tmp_path: Path) -> None:
    (tmp_path / 'set').mkdir()
    (tmp_path / 'set' / 'thesis.txt').touch()
    status, _, error = call(TOOL, tmp_path / 'set', *SMALL)
    assert status == 2 and error.count('\n') == 1
    assert error.startswith(f"error: '{tmp_path / 'set'}' exists and is not a complete set of these parameters")


def test_defaults_are_those_of_the_demo() -> None:
    args = load_tool(TOOL).parse_args(['out'])
    assert (args.train, args.val, tuple(args.size), args.seed, args.empty) == (160, 40, (320, 136), 0, 0.1)

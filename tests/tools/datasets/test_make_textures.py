from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from anomaly_rd.datasets.textures_writer import TexturesSpec
from helpers import load_tool

TOOL = 'datasets/make_textures'
SMALL = ['--train', '2', '--good', '1', '--defective', '1', '--calibration', '3', '--size', '64']


def test_render_and_again(call: Callable, tmp_path: Path) -> None:
    status, out, _ = call(TOOL, tmp_path / 'set', *SMALL)
    assert status == 0 and '9 images rendered' in out
    assert len(list((tmp_path / 'set').rglob('*.png'))) == 12  # with three masks
    status, out, _ = call(TOOL, tmp_path / 'set', *SMALL)
    assert status == 0 and 'already there' in out


def test_error_is_one_sentence_and_status_2(call: Callable, tmp_path: Path) -> None:
    status, _, error = call(TOOL, tmp_path / 'set', '--size', 100)
    assert (status, error) == (2, 'error: --size 100 is not possible: give a multiple of 32 from 64\n')
    assert not (tmp_path / 'set').exists()


def test_defaults_are_those_of_the_spec() -> None:
    args = vars(load_tool(TOOL).parse_args(['out']))
    assert TexturesSpec(**{key: value for key, value in args.items() if key != 'out'}) == TexturesSpec()

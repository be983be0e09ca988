"""The command that leads to every tool."""
from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import ROOT, load_tool
from mminspect import __version__, command


def run(*words: str, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, 'argv', ['mminspect', *words])
    with pytest.raises(SystemExit) as ended:
        command.main()
        sys.exit(0)
    return ended.value.code or 0, *capsys.readouterr()


def test_every_tool_is_a_command_and_has_a_name_of_its_own() -> None:
    files = {path for path in (ROOT / 'tools').rglob('*.py')
             if not {path.name, path.parent.name} & {*command.INTERNAL}}
    assert set(command.commands().values()) == files
    assert {'train', 'test', 'inspect', 'calibrate', 'export', 'sweep', 'station', 'demo', 'make-vials',
            'voc2coco'} <= set(command.commands())


@pytest.mark.parametrize('name', command.commands())
def test_every_tool_has_what_the_command_needs(name: str) -> None:
    path = command.commands()[name]
    tool = load_tool(path.relative_to(ROOT / 'tools').with_suffix('').as_posix())
    assert callable(tool.main) and command.summary(path) and '``' not in command.summary(path)
    # what the command says at Ctrl-C is what the script says
    assert re.search(r'cli\.run\(main(, AGAIN)?\)', path.read_text())
    assert hasattr(tool, 'AGAIN') == (', AGAIN)' in path.read_text())


def test_help_lists_them_quickly() -> None:
    code = 'import sys; from mminspect.command import usage; print(usage()); sys.exit("mmengine" in sys.modules or ' \
           '"torch" in sys.modules or "numpy" in sys.modules)'
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.returncode == 0, 'something heavy is imported'
    listed = re.findall(r'^  ([a-z0-9-]+)  +\S', done.stdout, re.MULTILINE)
    assert listed == list(command.commands()) and listed.index('train') < listed.index('complexity')


@pytest.mark.parametrize(('words', 'status'), [((), 2), (('--help', ), 0), (('-h', ), 0), (('help', ), 0)])
def test_help(words: tuple, status: int, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    found, out, _ = run(*words, capsys=capsys, monkeypatch=monkeypatch)
    assert found == status and out.startswith('usage: mminspect COMMAND')


def test_version(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run('--version', capsys=capsys, monkeypatch=monkeypatch) == (0, f'mminspect {__version__}\n', '')


def test_an_unknown_command(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    status, _, err = run('trian', capsys=capsys, monkeypatch=monkeypatch)
    assert status == 2 and err == "error: mminspect has no command 'trian': did you mean train?\n"
    status, _, err = run('qqqqqq', capsys=capsys, monkeypatch=monkeypatch)
    assert status == 2 and 'there are' in err and 'calibrate' in err


def test_it_is_the_tool(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    status, out, _ = run('train', '--help', capsys=capsys, monkeypatch=monkeypatch)
    assert status == 0 and out.startswith('usage: mminspect train ') and '--cfg-options' in out
    status, _, err = run('train', str(tmp_path / 'no.py'), capsys=capsys, monkeypatch=monkeypatch)
    assert status == 2 and err.startswith('error: config') and 'does not exist' in err


def test_as_a_module(tmp_path: Path) -> None:
    paths = dict(PYTHONPATH=str(ROOT / 'projects'), PATH='')
    done = subprocess.run([sys.executable, '-m', 'mminspect', '--version'], cwd=tmp_path, env=paths,
                          capture_output=True, text=True)
    assert done.stdout == f'mminspect {__version__}\n' and done.returncode == 0

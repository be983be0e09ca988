"""The command ``mminspect``: every tool of the project by its name, from any folder.

``mminspect train CONFIG`` does what ``python tools/train.py CONFIG`` does. A tool is a file below tools/ with a
``main()``; its name there is its name here. Nothing heavy is imported before the tool is known.
"""
from __future__ import annotations

import ast
import difflib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from . import __version__
from .core.home import home
from .core.interrupts import signal_behind, sigterm_interrupts

#: Tools that have another name as files: a script ``inspect.py`` would hide Python's module of that name.
RENAMED = {'inspect_images': 'inspect'}
#: What only a checkout has: its set-up, its pins, and the making of its documentation.
INTERNAL = ('bootstrap.py', 'constraints.py', 'install_browser.sh', 'docs')
#: What most people want, in the order in which they want it; all others follow.
FIRST = ('quickstart', 'check', 'train', 'test', 'calibrate', 'inspect', 'export', 'station', 'demo', 'sweep')
USAGE = """usage: mminspect COMMAND ...

Industrial inspection by knowledge distillation: train, test, inspect.

{commands}

`mminspect COMMAND --help` tells more; `mminspect --version` the version. Configs are files, or names of those that come
with the project: anomaly_rd/rd4ad/rd4ad_r18_20e_mvtec."""


def commands() -> dict[str, Path]:
    """The file of every command by its name, in the order of the help."""
    root = home() / 'tools'
    files = [path for path in root.rglob('*.py') if path.relative_to(root).parts[0] not in INTERNAL]
    named = {RENAMED.get(path.stem, path.stem).replace('_', '-'): path for path in files}
    rank = {name: number for number, name in enumerate(FIRST)}
    return dict(sorted(named.items(), key=lambda item: (rank.get(item[0], len(rank)), item[0])))


def summary(path: Path) -> str:
    """The first line of a tool's docstring without the command itself, read and not executed."""
    line = (ast.get_docstring(ast.parse(path.read_text(encoding='utf-8'))) or '').split('\n')[0]
    return line.partition(': ``')[0].rstrip('.')


def usage() -> str:
    """The text of ``--help``."""
    known = commands()
    width = max(map(len, known))
    return USAGE.format(commands='\n'.join(f'  {name:{width}}  {summary(path)}' for name, path in known.items()))


def load(name: str, path: Path) -> ModuleType:
    """A tool as a module."""
    spec = importlib.util.spec_from_file_location(f'mminspect_tool_{name.replace("-", "_")}', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(argv: Sequence[str] | None = None) -> None:
    """Run the named tool with the other words as its arguments."""
    words = list(sys.argv[1:] if argv is None else argv)
    name = words[0] if words else '--help'
    if name in ('-h', '--help', 'help'):
        print(usage())
        sys.exit(0 if words else 2)
    if name in ('-V', '--version'):
        print(f'mminspect {__version__}')
        return
    known = commands()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=2)
        hint = f'did you mean {" or ".join(near)}?' if near else f'there are {", ".join(known)}'
        print(f'error: mminspect has no command {name!r}: {hint}', file=sys.stderr)
        sys.exit(2)
    sys.argv = [f'mminspect {name}', *words[1:]]  # as the tool's help shows its name
    with sigterm_interrupts():  # also while the tool is imported, which takes seconds
        try:
            tool = load(name, known[name])
            from .core import cli  # mmengine takes its time
        except KeyboardInterrupt as error:
            print('error: interrupted before it began', file=sys.stderr)
            sys.exit(128 + signal_behind(error))
    cli.run(tool.main, getattr(tool, 'AGAIN', ''))


if __name__ == '__main__':
    main()

"""What the tests of the guides in docs/ share: a guide's files in a folder, and its own test run there."""
from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import helpers
from mminspect.command import commands


def write_blocks(guide: str, folder: Path, old: str = '', new: str = '') -> None:
    """Write every Python block of a guide under its path below ``folder``, with ``new`` in place of ``old``."""
    for code in re.findall(r'```python\n(.*?)```', guide, re.S):
        file = folder / re.match(r'# ([\w/]+\.py)\n', code)[1]
        file.parent.mkdir(exist_ok=True)
        file.write_text(code.replace(old, new) if old else code)


def check_own_test(folder: Path, name: str, passed: int) -> None:
    """Run a guide's own test in a process of its own, with the folder and the project in the path."""
    done = subprocess.run([sys.executable, '-W', 'ignore', '-m', 'pytest', '-q', '-p', 'no:cacheprovider', name],
                          cwd=folder, capture_output=True, text=True,
                          env={**os.environ, 'PYTHONPATH': f'{folder}{os.pathsep}{helpers.ROOT / "projects"}'})
    assert done.returncode == 0 and f'{passed} passed' in done.stdout, done.stdout + done.stderr


def tool_of(name: str) -> str:
    """The tool behind ``mminspect NAME``, as the fixture ``call`` takes it: ``deploy/export``."""
    return commands()[name].relative_to(helpers.ROOT / 'tools').with_suffix('').as_posix()

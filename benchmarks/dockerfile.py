"""The steps of a Dockerfile without Docker: read it, and run it in a clean folder.

What an image would give is stood in for: FROM by a virtual environment of the same Python, / by the folder. What needs
an image's own system is not run, and listed: new users, packages of Debian, USER.
"""
from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mminspect.core.errors import UserError

#: Commands that change the system around the folder.
OF_THE_SYSTEM = ('useradd', 'groupadd', 'apt-get', 'apt')
KNOWN = ('FROM', 'ARG', 'ENV', 'RUN', 'COPY', 'WORKDIR', 'USER', 'VOLUME', 'EXPOSE', 'HEALTHCHECK', 'ENTRYPOINT', 'CMD')
VARIABLE = re.compile(r'\$(?:\{(\w+)\}|(\w+))')


@dataclass(frozen=True)
class Instruction:
    """One instruction, continuation lines joined.

    Attributes:
        line: Number of its first line, from 1.
        name: ``RUN`` and so on, in capitals.
        text: The rest.
    """

    line: int
    name: str
    text: str


def parse(text: str) -> list[Instruction]:
    """The instructions of a Dockerfile.

    Raises:
        UserError: One that this program does not know, with its line; the last one does not end, or there is no FROM.
    """
    found: list[Instruction] = []
    start, joined = 0, ''
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith('#') or not (line.strip() or joined):
            continue
        start = start if joined else number
        joined += line.strip() if not line.endswith('\\') else line.strip()[:-1]
        if line.endswith('\\'):
            continue
        name, _, rest = joined.partition(' ')
        if name.upper() not in KNOWN:
            raise UserError(f'line {start} of the Dockerfile: {name!r} is none of {", ".join(KNOWN)}')
        found.append(Instruction(start, name.upper(), rest.strip()))
        joined = ''
    if joined:
        raise UserError(f'line {start} of the Dockerfile goes on behind its last line: remove the last backslash')
    if 'FROM' not in [one.name for one in found]:
        raise UserError('the Dockerfile has no FROM: name the image that it begins with')
    return found


def words(text: str) -> list[str]:
    """The words of ``["a", "b"]``, or of a shell's line."""
    return json.loads(text) if text.startswith('[') else shlex.split(text)


def assignments(text: str) -> dict[str, str]:
    """What ENV or ARG sets; an ARG without a value is empty."""
    return {name: value for name, _, value in (word.partition('=') for word in shlex.split(text))}


def python_of(image: str) -> str:
    """``'3.11'`` of ``python:3.11-slim``.

    Raises:
        UserError: Another image.
    """
    if not (found := re.fullmatch(r'python:(\d+\.\d+)(?:\.\d+)?(?:-[\w.-]+)?', image)):
        raise UserError(f'FROM {image}: only the images python:VERSION can be stood in for')
    return found[1]


@dataclass
class Stand:
    """A folder that stands for the image, with what the instructions so far have set.

    Attributes:
        root: Stands for ``/``.
        source: What COPY takes from.
        variables: Of ENV and ARG.
        workdir: Below ``root``, as the image sees it.
        not_run: Instructions that were left out, with why.
        places: Absolute paths of the image that the instructions have named; found in commands, they get ``root``.
    """

    root: Path
    source: Path
    variables: dict[str, str] = field(default_factory=dict)
    workdir: str = '/'
    not_run: list[str] = field(default_factory=list)
    places: set[str] = field(default_factory=set)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)

    def here(self, path: str) -> Path:
        """Where a path of the image lies."""
        return self.root / os.path.normpath(os.path.join(self.workdir, path)).lstrip('/')

    def local(self, text: str) -> str:
        """A command with the image's places exchanged for those below :attr:`root`, each once."""
        if not self.places:
            return text
        longest_first = '|'.join(re.escape(place) for place in sorted(self.places, key=len, reverse=True))
        return re.sub(rf'(?<![\w./])(?:{longest_first})(?![\w-])', lambda found: f'{self.root}{found[0]}', text)

    def expanded(self, text: str) -> str:
        """With the variables of ARG and ENV in it."""
        return VARIABLE.sub(lambda found: self.variables.get(found[1] or found[2], ''), text)

    def environment(self) -> dict[str, str]:
        """Variables of a process in the image; none of Python's from outside."""
        outside = {name: value for name, value in os.environ.items()
                   if not name.startswith(('PYTHON', 'VIRTUAL_ENV', 'MMINSPECT'))}
        path = f'{self.root / "venv" / "bin"}{os.pathsep}{os.environ["PATH"]}'
        return {**outside, **self.variables, 'PATH': path}


def ignored(source: Path) -> Callable[[str], bool]:
    """Whether .dockerignore keeps a path (``'projects/a.py'``) out; of its rules: names, ``!``, ``*`` and ``**/``."""
    file = source / '.dockerignore'
    rules = [line.strip() for line in file.read_text().splitlines() if line.strip() and not line.startswith('#')
             ] if file.is_file() else []

    def out(path: str) -> bool:
        parts, result = path.split('/'), False
        for rule in rules:
            pattern, allows = rule.removeprefix('!').rstrip('/'), rule.startswith('!')
            if pattern.startswith('**/'):
                matches = any(Path(part).match(pattern[3:]) for part in parts)
            else:
                matches = any(Path('/'.join(parts[:length])).match(pattern) and pattern.count('/') == length - 1
                              for length in range(1, len(parts) + 1))
            result = not allows if matches else result
        return result
    return out


def copy(stand: Stand, text: str) -> None:
    """COPY: the content of a folder, or files into a folder.

    Raises:
        UserError: There is no such file, or .dockerignore keeps all of it out.
    """
    *sources, target = shlex.split(text)
    out = ignored(stand.source)
    for source in sources:
        place = stand.source / source
        files = sorted(path for path in place.rglob('*') if path.is_file()) if place.is_dir() else [place]
        kept = [path for path in files if path.is_file() and not out(path.relative_to(stand.source).as_posix())]
        if not kept:
            raise UserError(f'COPY {source}: there is no such file, or .dockerignore keeps it out')
        for path in kept:
            into = stand.here(target) / (path.relative_to(place) if place.is_dir() else path.name)
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, into)


def run(instructions: list[Instruction], stand: Stand, interpreters: Mapping[str, str],
        arguments: Mapping[str, str] | None = None, echo: Callable[[str], None] = print) -> None:
    """Carry out a Dockerfile in a folder.

    Args:
        instructions: Of :func:`parse`.
        stand: Changed as the image would be.
        interpreters: ``'3.11'`` -> an interpreter of that Python.
        arguments: Values of ARG.
        echo: Gets a line before each step.

    Raises:
        UserError: A step failed; with its line and the end of its output.
    """
    for one in instructions:
        where = f'line {one.line} of the Dockerfile ({one.name} {one.text[:60]})'
        if one.name in ('FROM', 'RUN'):
            echo(where)
        if one.name == 'FROM':
            version = python_of(one.text)
            if version not in interpreters:
                raise UserError(f'{where} needs Python {version}: put it on the path')
            checked([interpreters[version], '-m', 'venv', stand.root / 'venv'], where, {}, stand.root)
        elif one.name in ('ARG', 'ENV'):
            given = {name: stand.expanded(value) for name, value in assignments(one.text).items()}
            stand.variables |= given | {name: value for name, value in (arguments or {}).items()
                                        if one.name == 'ARG' and name in given}
        elif one.name == 'RUN':
            run_in(stand, one, where)
        elif one.name == 'COPY':
            copy(stand, one.text)
        elif one.name == 'WORKDIR':
            stand.workdir = os.path.join(stand.workdir, one.text)
            stand.places.add(stand.workdir)
            stand.here('.').mkdir(parents=True, exist_ok=True)
        elif one.name == 'VOLUME':
            stand.places.update(words(one.text))
        elif one.name == 'USER':
            stand.not_run.append(f'USER {one.text}: everything runs as the present user')
        elif one.name == 'HEALTHCHECK':
            stand.health = words(one.text.partition('CMD ')[2].strip())
        elif one.name in ('ENTRYPOINT', 'CMD'):
            setattr(stand, 'entrypoint' if one.name == 'ENTRYPOINT' else 'command', words(one.text))


def run_in(stand: Stand, one: Instruction, where: str) -> None:
    """RUN, unless it is about the system."""
    if one.text.split()[0] in OF_THE_SYSTEM:
        stand.not_run.append(f'RUN {one.text}: it needs an image')
    else:
        checked(['bash', '-c', stand.local(one.text)], where, stand.environment(), stand.here('.'))


def checked(command: list, where: str, environment: dict[str, str], folder: Path) -> None:
    """Run a command; raises UserError with the end of its output if it fails."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([str(word) for word in command], cwd=folder, env=environment or None, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise UserError(f'{where} failed: {done.stdout[-1500:]}')


def process(stand: Stand, command: list[str]) -> tuple[list[str], dict[str, str], Path]:
    """Words, variables and folder of a process in the image: its entry point with a command, or a check of health."""
    found = [stand.local(word) for word in command]
    program = stand.root / 'venv' / 'bin' / found[0]
    return [str(program) if program.exists() else found[0], *found[1:]], stand.environment(), stand.here('.')

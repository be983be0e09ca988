"""Renew requirements/constraints.txt: every distribution that pip chooses for the requirements, on each Python.

    python tools/constraints.py                     # add what is new in requirements/, drop what is gone
    python tools/constraints.py --upgrade torch torchvision     # the newest of these two; all others stay
    python tools/constraints.py --upgrade-all       # the newest of everything
    python tools/constraints.py --check             # does this environment have what the file says? installs nothing

pip resolves for each interpreter without installing (``pip install --dry-run``), with the present pins as constraints,
so that one pin serves every interpreter where one can. What is pinned has then to be tested: ``make test`` with the
default interpreter, ``make release-check`` with the others.
"""
from __future__ import annotations

import argparse
import json
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mminspect.core import cli
from mminspect.core.errors import UserError
from mminspect.core.fileio import replacing

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / 'requirements'
FILE = FOLDER / 'constraints.txt'
#: Interpreters that are tested, oldest first; 3.14 takes the pins of the last.
TESTED = ('3.11', '3.12', '3.13')
#: What pip brings beside torch on Linux alone, by the beginning of the name.
LINUX_ONLY = ('nvidia-', 'cuda-', 'triton')
#: What installs the rest.
INSTALLERS = ('pip', 'setuptools', 'wheel')
#: This project itself.
OWN = 'mminspect'
HEADER = """\
# Every version that was tested together, made by tools/constraints.py: renew it with `python tools/constraints.py`.
# PyPI's torch and torchvision are a matched pair; other combinations of the two fail with
# "operator torchvision::nms does not exist".
"""


def normalised(name: str) -> str:
    """A distribution's name as two spellings of it agree on: lower case, dashes."""
    return canonicalize_name(name)


def read(text: str) -> list[Requirement]:
    """The pins of a constraints file, one per line; comments are left out."""
    lines = (line.split('#')[0].strip() for line in text.splitlines())
    return [Requirement(line) for line in lines if line]


def in_force(pins: Iterable[Requirement], python: str | None = None) -> dict[str, str]:
    """name -> version of the pins that count here, or on another Python (``'3.12'``) of this system."""
    there = None if python is None else dict(python_version=python, python_full_version=f'{python}.0')
    return {normalised(pin.name): next(iter(pin.specifier)).version
            for pin in pins if pin.marker is None or pin.marker.evaluate(there)}


def write(chosen: Mapping[str, Mapping[str, str]]) -> str:
    """The constraints file.

    Args:
        chosen: Python (``'3.12'``) -> name -> version; oldest Python first.
    """
    lines = [line for name in sorted({name for found in chosen.values() for name in found})
             for line in pins_of(name, {python: found.get(name) for python, found in chosen.items()})]
    return HEADER + '\n'.join(lines) + '\n'


def pins_of(name: str, versions: Mapping[str, str | None]) -> list[str]:
    """The lines of one distribution: one, or as many as Pythons in a row agree on; None: not needed there."""
    pythons = list(versions)
    system = ['sys_platform == "linux"'] if name.startswith(LINUX_ONLY) else []
    lines, start = [], 0
    while start < len(pythons):
        end = start
        while end + 1 < len(pythons) and versions[pythons[end + 1]] == versions[pythons[start]]:
            end += 1
        limits = [f'python_version >= "{pythons[start]}"'] if start else []
        limits += [f'python_version < "{pythons[end + 1]}"'] if end + 1 < len(pythons) else []
        marker = ' and '.join([*limits, *system])
        if (version := versions[pythons[start]]) is not None:
            lines.append(f'{name}=={version}' + (f'; {marker}' if marker else ''))
        start = end + 1
    return lines


def resolve(interpreter: Path, constraints: Mapping[str, str], files: Sequence[Path]) -> dict[str, str]:
    """What pip would install with ``interpreter`` into an empty environment: name -> version, without local parts.

    Raises:
        UserError: pip finds no solution; the end of its output says between which.
    """
    with tempfile.TemporaryDirectory() as folder:
        place, pins, report = (Path(folder, name) for name in ('venv', 'pins.txt', 'report.json'))
        subprocess.run([interpreter, '-m', 'venv', '--without-pip', place], check=True)
        pins.write_text(''.join(f'{name}=={version}\n' for name, version in constraints.items()))
        done = subprocess.run(
            [sys.executable, '-m', 'pip', '--python', place / 'bin' / 'python', 'install', '--dry-run', '--quiet',
             '--report', report, '-c', pins, *INSTALLERS, *(part for file in files for part in ('-r', file))],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            raise UserError(f'pip finds no versions for {interpreter}: {done.stdout[-600:]}; '
                            'let it choose anew with --upgrade NAME')
        found = json.loads(report.read_text())['install']
    return {normalised(one['metadata']['name']): one['metadata']['version'].split('+')[0] for one in found}


def interpreters(given: Sequence[Path]) -> dict[str, Path]:
    """Python (``'3.12'``) -> interpreter of every one that is tested.

    Raises:
        UserError: One is missing.
    """
    found = {}
    for path in given or [Path(f'python{version}') for version in TESTED]:
        try:
            said = subprocess.run([path, '-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], text=True,
                                  capture_output=True, check=True).stdout.strip()
        except (OSError, subprocess.CalledProcessError) as error:
            raise UserError(f'{path} does not run: name the interpreters of Python {", ".join(TESTED)} with --pythons'
                            ) from error
        found[said] = path
    if missing := [version for version in TESTED if version not in found]:
        raise UserError(f'Python {", ".join(missing)} is missing: name an interpreter of each of {", ".join(TESTED)} '
                        'with --pythons')
    return {version: found[version] for version in TESTED}


def installed() -> dict[str, str]:
    """name -> version of every distribution that is installed here, without local parts and this project.

    ``sys.path`` may hold more: setuptools puts its own copies of others there when it is imported.
    """
    folders = sorted({sysconfig.get_path('purelib'), sysconfig.get_path('platlib')})
    found = {normalised(one.name): one.version.split('+')[0] for one in metadata.distributions(path=folders)}
    found.pop(OWN, None)
    return found


def needed(names: Iterable[str]) -> set[str]:
    """The distributions that these requirements (``'uvicorn>=0.34'``) lead to, as far as they are installed."""
    found: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(name) for name in names]
    while waiting:
        requirement = waiting.pop()
        name, extras = normalised(requirement.name), frozenset(requirement.extras) | {''}
        try:
            depends = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        if (name, extras) in found:
            continue
        found.add((name, extras))
        waiting += [one for one in map(Requirement, depends)
                    if one.marker is None or any(one.marker.evaluate(dict(extra=extra)) for extra in extras)]
    return {name for name, _ in found}


def requirement_lines(folder: Path = FOLDER) -> list[str]:
    """Every requirement of the project, of every extra."""
    lines = (line.split('#')[0].strip() for file in requirement_files(folder)
             for line in file.read_text().splitlines())
    return [line for line in lines if line and not line.startswith('-')]


def requirement_files(folder: Path = FOLDER) -> list[Path]:
    """The files of requirements, without the constraints."""
    return sorted(file for file in folder.glob('*.txt') if file.name != FILE.name)


def difference(pins: Mapping[str, str], found: Mapping[str, str], all_of_it: bool) -> list[str]:
    """What an environment has and the pins do not say, in words.

    Args:
        pins: Those in force.
        found: What is installed.
        all_of_it: Whether the environment was made from the pins: then versions count, and strangers.
    """
    wanted = set(found) if all_of_it else {name for name in needed(requirement_lines())
                                           if not name.startswith(LINUX_ONLY)}  # another torch brings others
    missing = [f'{name} is installed ({found[name]}) and not pinned' for name in sorted(wanted & set(found))
               if name not in pins]
    return missing + [f'{name} is installed as {found[name]} and pinned as {version}'
                      for name, version in sorted(pins.items()) if all_of_it and found.get(name, version) != version]


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--pythons', nargs='+', type=Path, default=[], metavar='PATH',
                        help=f'interpreters of Python {", ".join(TESTED)}; by default those that PATH knows')
    parser.add_argument('--upgrade', nargs='+', default=[], metavar='NAME', help='distributions whose pin is forgotten')
    parser.add_argument('--upgrade-all', action='store_true')
    parser.add_argument('--check', action='store_true', help='compare with this environment; exit with 1 if it differs')
    return parser.parse_args(argv)


def renew(args: argparse.Namespace) -> None:
    """Write the file."""
    pins, upgraded = read(FILE.read_text()), {normalised(name) for name in args.upgrade}
    chosen: dict[str, dict[str, str]] = {}
    for python, interpreter in interpreters(args.pythons).items():
        kept = {} if args.upgrade_all else {name: version for name, version in in_force(pins, python).items()
                                            if name not in upgraded}
        before = {} if not chosen else dict(next(iter(chosen.values())))
        chosen[python] = resolve(interpreter, before | kept, requirement_files())
        print(f'Python {python}: {len(chosen[python])} distributions', flush=True)
    with replacing(FILE) as handle:
        handle.write(write(chosen).encode())


def main(argv: list[str] | None = None) -> int:
    """Renew or check."""
    args = parse_args(argv)
    if not args.check:
        renew(args)
        return 0
    found = difference(in_force(read(FILE.read_text())), installed(), Path(sys.prefix) == ROOT / '.venv')
    print('\n'.join([*found, 'renew it: python tools/constraints.py'] if found else ['every distribution is pinned']))
    return int(bool(found))


if __name__ == '__main__':
    cli.run(main)

"""Everything that is tried before a release and is too long for every commit: ``make release-check``.

    python benchmarks/release_check.py                          # all that has not passed with the present files
    python benchmarks/release_check.py --only python_3_12 docker_steps
    python benchmarks/release_check.py --list

Other interpreters, the oldest and the newest torch, an empty installation, the steps of the Dockerfile, the notebooks
at full size. Each step writes its result into results/release_check.json as it ends; the same command goes on with
what is missing. It needs the network, about 20 GB of space, and an hour or two on two cores.
"""
from __future__ import annotations

import argparse
import hashlib
import json
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from common import RESULTS, ROOT, save
from environments import NotRun
from mminspect.core import cli
from mminspect.core.errors import UserError
from mminspect.experiments.environment import commit
from release_steps import DEFAULT_PYTHON, STEPS, SUBSET, Settings

NAME = 'release_check'
AGAIN = 'the same command'


def load() -> dict[str, dict[str, Any]]:
    """What has been found so far, by step."""
    path = RESULTS / f'{NAME}.json'
    return json.loads(path.read_text())['steps'] if path.is_file() else {}


def outcome(title: str, function: Callable[[Settings], dict[str, Any]], settings: Settings) -> dict[str, Any]:
    """Run one step; what goes wrong is its result."""
    start = time.monotonic()
    try:
        found = function(settings)
        result = dict(result='failed' if found.get('failed') else 'passed') | found
    except NotRun as reason:
        result = dict(result='not run', why=str(reason))
    except UserError as error:
        result = dict(result='failed', why=' '.join(str(error).split()))
    return dict(title=title, **result, seconds=round(time.monotonic() - start), commit=commit(),
                source=source_state(), date=datetime.now(UTC).strftime('%Y-%m-%d'))


def in_words(result: Mapping[str, Any]) -> str:
    """One line about a step."""
    tests = f', {result["passed"]} tests passed, {result["failed"]} failed' if 'passed' in result else ''
    why = f' ({result["why"]})' if 'why' in result else ''
    return f'{result["title"]}: {result["result"]}{tests}, {result["seconds"]} s{why}'


def source_state() -> str:
    """12 digits that change with every tracked file but results and documents."""
    names = subprocess.run(['git', 'ls-files', '-z'], cwd=ROOT, capture_output=True, text=True,
                           check=True).stdout.split('\0')
    state = hashlib.sha256()
    for name in sorted(name for name in names if name and not name.endswith('.md') and 'results/' not in name):
        state.update(name.encode() + ((ROOT / name).read_bytes() if (ROOT / name).is_file() else b''))
    return state.hexdigest()[:12]


def is_done(result: Mapping[str, Any] | None) -> bool:
    """Whether a step has passed with the present files."""
    return result is not None and result['result'] == 'passed' and result['source'] == source_state()


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--only', nargs='+', choices=STEPS, metavar='STEP', help=f'of {", ".join(STEPS)}')
    parser.add_argument('--list', action='store_true', help='show the steps and what is known of them')
    parser.add_argument('--again', action='store_true', help='also what has passed with the present files')
    parser.add_argument('--pythons', nargs='+', type=Path, default=[], metavar='PATH',
                        help='interpreters besides those that the path knows')
    parser.add_argument('--workers', type=int, default=2, help='processes of the tests')
    parser.add_argument('--before-tests', default='', metavar='WORDS', help='such as "nice -n 10"')
    parser.add_argument('--work', type=Path, default=ROOT / 'work_dirs' / NAME, help='folder for the environments')
    parser.add_argument('--keep', action='store_true', help='leave the environments there, several GB each')
    parser.add_argument('--pip-options', default='', metavar='WORDS', help='PIP_OPTIONS of the Dockerfile')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the steps; 1 if one failed."""
    args = parse_args(argv)
    results = load()
    if args.list:
        for name, (title, _) in STEPS.items():
            print(f'{name}: {in_words(results[name]) if name in results else f"{title}: not run yet"}')
        return 0
    args.work.mkdir(parents=True, exist_ok=True)
    settings = Settings(tuple(args.pythons), args.work.absolute(), args.workers,
                        tuple(shlex.split(args.before_tests)), args.keep, args.pip_options)
    for name in args.only or STEPS:
        if not args.again and is_done(results.get(name)):
            print(f'{in_words(results[name])}, before', flush=True)
            continue
        print(f'{STEPS[name][0]} ...', flush=True)
        found = outcome(*STEPS[name], settings)
        results = load() | {name: found}  # what another run of this program has added meanwhile stays
        print(in_words(results[name]), flush=True)
        save(NAME, command='make release-check', default_python=DEFAULT_PYTHON, subset=list(SUBSET),
             steps={step: results[step] for step in STEPS if step in results})
    return int(any(results[name]['result'] == 'failed' for name in args.only or STEPS))


if __name__ == '__main__':
    cli.run(main, AGAIN)

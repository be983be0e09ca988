"""Every command used wrongly, in the ways of wrong_uses_cases.py: one sentence and status 2, or what it should be.

    python benchmarks/wrong_uses.py [--commands train inspect]

A process for each command imports it once; each use is a process that it forks, in a folder of its own. Prints what is
not as wanted, and writes results/wrong_uses.json; where commands are named, the rows of the others stay.
"""
from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from common import RESULTS, ROOT, save
from mminspect import command
from wrong_uses_cases import REFUSED, WARNED, Use, all_uses

WORK = ROOT / 'work_dirs' / 'benchmarks' / 'wrong_uses'
FILES = WORK / 'files'
#: Says that all files are there.
DONE = 'done'
#: How a command refuses, argparse included.
SENTENCE = re.compile(r'^(mminspect [\w-]+: )?error: .+$', re.MULTILINE)
#: Seconds of one use: whoever takes longer did not refuse.
LONGEST = 120


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--commands', nargs='+', help='only these')
    parser.add_argument('--one', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one is not None:
        print(json.dumps(outcomes([use for use in all_uses() if use.command == args.one])))
        return
    if not (FILES / DONE).is_file():
        build_files()
    found = [row for name in dict.fromkeys(use.command for use in all_uses()) if args.commands in (None, [name])
             or name in (args.commands or ()) for row in of_command(name)]
    for row in found:
        if row['outcome'] != row['wanted']:
            print(f'{row["command"] or "mminspect"}, {row["wrong"]}: {row["outcome"]}\n    {row["said"]}')
    print(f'{len(found)} uses, {dict(Counter(row["outcome"] for row in found))}')
    save('wrong_uses', command='python benchmarks/wrong_uses.py', uses=[*kept(args.commands), *found])


def kept(commands: list[str] | None) -> list[dict[str, Any]]:
    """Earlier rows of other commands than these."""
    path = RESULTS / 'wrong_uses.json'
    if commands is None or not path.is_file():
        return []
    return [row for row in json.loads(path.read_text())['uses'] if row['command'] not in commands]


def build_files() -> None:
    """In a process of its own: this one stays small."""
    shutil.rmtree(WORK, ignore_errors=True)
    code = 'import sys; from pathlib import Path; from wrong_uses_files import build; build(Path(sys.argv[1]))'
    subprocess.run([sys.executable, '-W', 'ignore', '-c', code, str(FILES)], check=True, cwd=ROOT / 'benchmarks')


def of_command(name: str) -> list[dict[str, Any]]:
    """What came of all uses of one command."""
    done = subprocess.run([sys.executable, '-W', 'ignore', __file__, f'--one={name}'], stdout=subprocess.PIPE,
    text=True,
                          check=True, env={**os.environ, 'MMINSPECT_DATA': str(FILES / 'data'),
                          'OMP_NUM_THREADS': '1'})
    return json.loads(done.stdout.splitlines()[-1])


def outcomes(uses: list[Use]) -> list[dict[str, Any]]:
    """Use them one after the other, each in a process and a folder of its own."""
    path = command.commands().get(uses[0].command)
    if path is not None:
        command.load('imported', path)  # what a fork shares need not be imported again
        from mminspect.core.setup import setup
        if uses[0].command not in ('station',):
            setup()
    return [outcome(number, use) for number, use in enumerate(uses)]


def outcome(number: int, use: Use) -> dict[str, Any]:
    """What came of one use."""
    folder = WORK / 'uses' / (use.command or 'mminspect') / str(number)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    words = [named(word, folder) for word in use.words]
    start, pid = time.monotonic(), os.fork()
    if pid == 0:
        run(use.command, words, folder)
    status = wait(pid, start + LONGEST)
    said = (folder / 'said').read_text(errors='replace')
    shutil.rmtree(folder, ignore_errors=True)
    return dict(command=use.command, wrong=use.wrong, wanted=use.wanted, outcome=judged(status, said), status=status,
                seconds=round(time.monotonic() - start, 1), said=sentence(said))


def named(word: str, folder: Path) -> str:
    """``F/`` is the folder of files, ``M/`` that of a copy which may be changed."""
    if word.startswith('M/'):
        shutil.copy(FILES / word[2:], folder / word[2:])
        return word[2:]
    return word.replace('F/', f'{FILES}/') if 'F/' in word else str(FILES) if word == 'F' else word


def run(name: str, words: list[str], folder: Path) -> None:
    """In the forked process."""
    status = 1
    try:
        os.chdir(folder)
        said = os.open('said', os.O_WRONLY | os.O_CREAT)
        os.dup2(said, 1)
        os.dup2(said, 2)
        sys.stdout, sys.stderr = (os.fdopen(number, 'w', buffering=1) for number in (1, 2))  # in the order of lines
        os.environ.pop('MMINSPECT_DEBUG', None)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        try:
            command.main([name, *words] if name else words)
            status = 0
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
        except BaseException:
            sys.excepthook(*sys.exc_info())
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


def wait(pid: int, end: float) -> int:
    """The status of a process; 124 if it had to be killed."""
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return 124


def judged(status: int, said: str) -> str:
    """An outcome in a word."""
    if 'Traceback (most recent call last)' in said:
        return 'traceback'
    if status == 2 and (SENTENCE.search(said) or said.startswith('usage: mminspect COMMAND')):
        return REFUSED
    if status == 0:
        return WARNED if 'normal images only' in said else 'silent'
    return 'too long' if status == 124 else f'status {status}'


def sentence(said: str) -> str:
    """The sentence that refuses; where there is none, what the user reads last."""
    found = [match[0] for match in SENTENCE.finditer(said)] or [line for line in said.splitlines() if line.strip()]
    text = found[-1] if found else ''
    for place, name in ((f'{FILES}/', ''), (f'{ROOT}/', ''), (sys.prefix, 'ENV'), (sys.base_prefix, 'PYTHON')):
        text = text.replace(place, name)  # nothing of this machine belongs into a result
    return text[:400]


if __name__ == '__main__':
    main()

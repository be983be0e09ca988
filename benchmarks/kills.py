"""SIGKILL in the middle of trainings: all of them go on, and end with the weights of an uninterrupted one, bit by bit?

    python benchmarks/kills.py [--kills 30] [--trainings detection distillation anomaly]

Each training is first run to its end undisturbed. Then it is started, killed at a random moment, started again with
--resume, killed again, and so on until it is done; then from the beginning, until there were enough kills. The moments
are drawn so that every phase is hit: the start, training steps, validation, and the writing of a checkpoint, whose
temporary file is waited for. Which phase it was is read from what is there behind the kill. A run that is itself
interrupted goes on where it was. Results in results/kills.json.
"""
from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

import toy_trainings
from common import ROOT, save
from mminspect.core.fileio import UNFINISHED
from mminspect.experiments.environment import commit

WORK = ROOT / 'work_dirs' / 'benchmarks' / 'kills'
START, STEPS, VALIDATION, WRITING, BETWEEN = PHASES = (
    'start', 'training steps', 'validation', 'writing of a checkpoint', 'between the others')
#: Phases that are aimed at, in turn; what is hit may be another.
AIMS = (STEPS, WRITING, VALIDATION, START, WRITING, BETWEEN, VALIDATION, WRITING)
#: Kills before a training is left alone until its end.
CHAIN = 6
_LINE = re.compile(r'Epoch\((train|val)\)\s+\[(\d+)\](?:\[\s*(\d+)/(\d+)\])?')
#: Seconds after which a training is taken for dead.
PATIENCE = 300.0


class Training:
    """A process that trains, and what its log has said so far."""

    def __init__(self, config: Path, work_dir: Path, resume: bool) -> None:
        command = toy_trainings.tool('train', config, '--work-dir', work_dir, *(['--resume'] if resume else []))
        self.work_dir, self.lines, self._new = work_dir, [], threading.Event()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        env=toy_trainings.environment())
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line)
            self._new.set()
        self._new.set()

    def writes(self) -> bool:
        """Whether a checkpoint is being written."""
        try:
            return any(UNFINISHED.fullmatch(path.name) for path in self.work_dir.iterdir())
        except OSError:
            return False

    def steps(self, kind: str) -> int:
        """Lines of the log about steps of training ('train') or of validation ('val')."""
        return sum((found := _LINE.search(line)) is not None and found[1] == kind for line in list(self.lines))

    def wait_for(self, condition: Callable[[], bool], pause: float = 0.002) -> bool:
        """Until it holds; False where the training has ended before."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            if condition():
                return True
            time.sleep(pause)
        return False

    def kill(self) -> bool:
        """SIGKILL; False where the training had ended by itself."""
        alive = self.process.poll() is None
        self.process.kill()
        self.process.wait()
        return alive

    def finish(self) -> int:
        """Its status, when it has ended."""
        status = self.process.wait(PATIENCE)
        self._reader.join(10)
        return status

    def phase(self) -> str:
        """In which it was killed, from what it has left."""
        self._reader.join(2)
        if self.writes():
            return WRITING
        found = [match for line in self.lines if (match := _LINE.search(line))]
        if not found:
            return START
        kind, _, step, steps = found[-1].groups()
        if step is not None and step != steps:
            return VALIDATION if kind == 'val' else STEPS
        return BETWEEN


def aimed(training: Training, aim: str, chance: random.Random) -> None:
    """Wait for a moment of a phase."""
    if aim == START:
        time.sleep(chance.uniform(0.5, 8.0))
        return
    if aim == WRITING:
        count = chance.randint(0, 1)
        for _ in range(count):  # not always the first that comes
            training.wait_for(training.writes, 0.0002)
            training.wait_for(lambda: not training.writes(), 0.0002)
        training.wait_for(training.writes, 0.0002)
        time.sleep(chance.uniform(0, 0.004))
        return
    kind, most = ('val', 12) if aim == VALIDATION else ('train', 5)
    wanted = chance.randint(1, most)
    training.wait_for(lambda: training.steps(kind) >= wanted)
    time.sleep(chance.uniform(0, 0.02 if aim == VALIDATION else 0.15 if aim == STEPS else 0.4))


def state(work_dir: Path) -> dict[str, Any]:
    """What the last checkpoint holds of a training: weights, optimiser, threshold, adapters."""
    path = Path((work_dir / 'last_checkpoint').read_text().strip())
    content = torch.load(work_dir / path.name, map_location='cpu', weights_only=False)
    return {key: content.get(key) for key in ('state_dict', 'optimizer', 'threshold', 'distillation')}


def equal(ours: Any, theirs: Any) -> bool:
    """Bit by bit."""
    if isinstance(ours, torch.Tensor):
        return isinstance(theirs, torch.Tensor) and ours.dtype == theirs.dtype and torch.equal(ours, theirs)
    if isinstance(ours, dict):
        return isinstance(theirs, dict) and ours.keys() == theirs.keys() and all(
            equal(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, (list, tuple)):
        return len(ours) == len(theirs) and all(map(equal, ours, theirs))
    return ours == theirs


def undisturbed(config: Path, work_dir: Path) -> float:
    """Train to the end, unless that has been done; returns the seconds."""
    note = work_dir / 'seconds.json'
    if not note.is_file():
        shutil.rmtree(work_dir, ignore_errors=True)
        start = time.monotonic()
        training = Training(config, work_dir, False)
        if status := training.finish():
            raise RuntimeError(f'{config.stem} ends with {status}: {"".join(training.lines[-15:])}')
        note.write_text(json.dumps(time.monotonic() - start))
    return json.loads(note.read_text())


def chain(config: Path, work_dir: Path, whole: dict[str, Any], first: int, kills: int) -> dict[str, Any]:
    """Kill and resume up to ``kills`` times, then let it end.

    Args:
        config: Of the training.
        work_dir: For it.
        whole: State of the undisturbed one.
        first: Number of the first kill, which the random moments come from.
        kills: At most.
    """
    shutil.rmtree(work_dir, ignore_errors=True)
    phases: list[str] = []
    number, resume = first, False
    while len(phases) < kills:
        chance = random.Random(f'{config.stem} {number}')
        training = Training(config, work_dir, resume)
        aimed(training, AIMS[number % len(AIMS)], chance)
        if not training.kill():
            if training.finish():
                return dict(phases=phases, resumed=False, equal=False, said=''.join(training.lines[-3:])[-500:])
            break  # done before the moment came
        phases.append(training.phase())
        number, resume = number + 1, True
    training = Training(config, work_dir, True)
    if training.finish():
        return dict(phases=phases, resumed=False, equal=False, said=''.join(training.lines[-3:])[-500:])
    left = [path.name for path in work_dir.iterdir() if UNFINISHED.fullmatch(path.name)]
    return dict(phases=phases, resumed=True, equal=equal(whole, state(work_dir)), **({'left': left} if left else {}))


def measure(name: str, config: Path, folder: Path, kills: int) -> dict[str, Any]:
    """All chains of a training; those of an earlier, interrupted run count."""
    seconds = undisturbed(config, folder / f'{name}_whole')
    whole, journal = state(folder / f'{name}_whole'), folder / f'{name}.jsonl'
    chains = [json.loads(line) for line in journal.read_text().splitlines()] if journal.is_file() else []
    while (done := sum(len(one['phases']) for one in chains)) < kills:
        found = chain(config, folder / f'{name}_killed', whole, done, min(CHAIN, kills - done))
        print(f'{name}: {found}', flush=True)
        if not found['phases']:
            raise RuntimeError(f'{name} was done before the first kill')
        with journal.open('a') as file:
            file.write(json.dumps(found) + '\n')
        chains.append(found)
    phases = Counter(phase for one in chains for phase in one['phases'])
    return dict(name=name, kills=sum(phases.values()), phases={phase: phases[phase] for phase in PHASES},
                trainings=len(chains), resumed=sum(one['resumed'] for one in chains),
                bit_equal=sum(one['equal'] for one in chains), seconds_undisturbed=round(seconds, 1),
                failures=[one for one in chains if not one['equal'] or 'left' in one])


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--kills', type=int, default=30, help='of each training (default: %(default)s)')
    parser.add_argument('--trainings', nargs='+', default=['detection', 'distillation', 'anomaly'],
                        choices=['detection', 'distillation', 'anomaly'])
    parser.add_argument('--no-save', action='store_true', help='print, but leave benchmarks/results as it is')
    args = parser.parse_args(argv)
    folder = WORK / commit()
    if commit().endswith('+'):  # who knows what differs
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / 'written').is_file():
        shutil.rmtree(folder)
        folder.mkdir(parents=True)
        toy_trainings.write(folder)
        (folder / 'written').touch()
    rows = [measure(name, folder / f'{name}.py', folder, args.kills) for name in args.trainings]
    if not args.no_save:
        save('kills', trainings=rows, epochs=toy_trainings.EPOCHS,
             command=f'python benchmarks/kills.py --kills {args.kills}')
    return int(any(row['bit_equal'] < row['trainings'] or row['failures'] for row in rows))


if __name__ == '__main__':
    sys.exit(main())

"""Inputs tried in a process that may crash or hang: it is forked, so that another one costs milliseconds."""
from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from .case import Kind, Outcome, attempted, seeded

#: Seconds that one input may take.
PATIENCE = 10.0
#: Bytes of address space of a process: what asks for more gets MemoryError instead of the machine's memory.
ADDRESS_SPACE = 12 * 2**30


@dataclass(frozen=True)
class Result:
    """Of one input; ``said`` is the sentence, the warnings or the last line of the traceback."""

    seed: int
    operator: str
    verdict: str
    outcome: Outcome
    said: str = ''


def tried(kind: Kind, seeds: Iterable[int], patience: float = PATIENCE) -> Iterator[Result]:
    """Try inputs one after the other.

    Args:
        kind: Prepared.
        seeds: Of the inputs.
        patience: Seconds after which one hangs.
    """
    worker = _Worker(kind)
    try:
        for seed in seeds:
            yield worker.result(seed, patience)
            if not worker.alive:
                worker = _Worker(kind)
    finally:
        worker.end()


class _Worker:
    """A process that tries inputs, and this side's end of it."""

    def __init__(self, kind: Kind) -> None:
        gc.freeze()  # mmengine collects garbage for each data set, and would go through all modules each time
        context = multiprocessing.get_context('fork')
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(kind, theirs))
        self._process.start()
        theirs.close()
        self.alive = True

    def result(self, seed: int, patience: float) -> Result:
        self._connection.send(seed)
        made: dict[str, Any] = dict(operator='', verdict='')
        try:
            while self._connection.poll(patience):
                message = self._connection.recv()
                if 'outcome' in message:
                    return Result(seed, **made, **message)
                made = message  # what it is; what becomes of it follows
            outcome, said = Outcome.HANG, f'more than {patience:g} s'
        except (EOFError, ConnectionResetError):
            self._process.join()
            outcome, said = Outcome.CRASH, f'exit status {self._process.exitcode}'
        self.end()
        return Result(seed, **made, outcome=outcome, said=said)

    def end(self) -> None:
        self.alive = False
        self._process.kill()
        self._process.join()
        self._connection.close()


def _serve(kind: Kind, connection: Connection) -> None:
    """In the process: try every seed that comes."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):  # decoders in C write there
        os.dup2(silence, stream)
    while True:
        try:
            seed = connection.recv()
        except EOFError:
            return
        folder = new_folder(kind.name)
        try:
            mutant = kind.make(seeded(kind.name, seed), folder)
            connection.send(dict(operator=mutant.operator, verdict=str(mutant.verdict)))
            outcome, said = attempted(kind, mutant, folder)
            connection.send(dict(outcome=outcome, said=said.replace(str(folder), '')))
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def new_folder(name: str, stays: bool = False) -> Path:
    """An empty folder in memory, where there is such a place; on the disk if it ``stays``."""
    memory = Path('/dev/shm')
    if stays:
        return Path(tempfile.mkdtemp(prefix=f'mutant-{name}-'))
    return Path(tempfile.mkdtemp(prefix=f'mutant-{name}-', dir=memory if os.access(memory, os.W_OK) else None))

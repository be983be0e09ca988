"""One of the tools in a process of its own, with the libraries imported already where the system can fork.

Importing torch, mmdet and their kin takes about seven seconds of a core, once for every training and once for every
test: more than a small training takes. A server of Python's multiprocessing imports them once and computes nothing; a
tool is then a fork of it.
"""
from __future__ import annotations

import multiprocessing
import os
import random
import runpy
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import torch

#: What tools/train.py and tools/test.py import sooner or later.
PRELOADED = ('fdrd', 'anomaly_rd', 'mmdet.models', 'mmdet.datasets', 'mmdet.evaluation', 'mmdet.visualization',
             'mminspect.runtime', 'mminspect.survey.announcing')
#: Libraries read these when they are imported.
READ_AT_IMPORT = ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'CUDA_VISIBLE_DEVICES')

#: CPU seconds of the forks that have ended; they are the server's children, of which the system tells nothing here.
_spent = [0.0]


def cpu_seconds() -> float:
    """CPU seconds that this process and the tools that it ran have taken so far.

    Without the imports of the server, and without forks that a signal has ended.
    """
    return sum(os.times()[:4]) + sum(_spent)


def can_fork(environment: Mapping[str, str]) -> bool:
    """Whether a tool can be a fork: the system has such a server, no GPU is there (a driver that was asked for its
    devices does not survive a fork), and no library would have to be imported with other variables.
    """
    return ('forkserver' in multiprocessing.get_all_start_methods() and not torch.cuda.is_available()
            and all(os.environ.get(name) == environment.get(name, os.environ.get(name)) for name in READ_AT_IMPORT))


class ToolProcess:
    """A tool that runs; what it says on both of its outputs is read line by line.

    Args:
        script: File of the tool.
        arguments: Of its command line.
        environment: Variables on top of this process's.
        forked: Whether it begins as a fork where it can; that pays from the second tool on.
    """

    def __init__(self, script: Path, arguments: Sequence[str], environment: Mapping[str, str],
                 forked: bool = False) -> None:
        start = self._fork if forked and can_fork(environment) else self._begin
        start(script, arguments, {**os.environ, **environment})

    def _begin(self, script: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        process = subprocess.Popen([sys.executable, '-W', 'ignore', str(script), *arguments], env=environment,
                                   text=True, errors='replace', stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._said, self.terminate, self._end = process.stdout, process.terminate, process.wait

    def _fork(self, script: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        context = multiprocessing.get_context('forkserver')
        context.set_forkserver_preload([*PRELOADED])
        reading, writing = context.Pipe(duplex=False)
        taken, telling = context.Pipe(duplex=False)
        with reading, writing, telling:
            process = context.Process(target=_run, args=(writing, telling, str(script), [*arguments], environment,
                                                         os.getcwd()))
            process.start()
            self._said = open(os.dup(reading.fileno()), errors='replace')

        def end() -> int:
            process.join()
            with taken, suppress(EOFError):
                _spent.append(taken.recv())
            return process.exitcode

        self.terminate, self._end = process.terminate, end

    def __iter__(self) -> Iterator[str]:
        """Its lines with their ends, until it closes its outputs."""
        return iter(self._said)

    def wait(self) -> int:
        """Its exit status, when it has ended; below zero the signal that ended it."""
        self._said.close()
        return self._end()


def _run(said: Connection, taken: Connection, script: str, arguments: list[str], environment: Mapping[str, str],
         folder: str) -> None:
    """The fork: as ``python -W ignore script arguments`` begins."""
    with said:
        for output in (1, 2):
            os.dup2(said.fileno(), output)
    # the server's were opened on its own outputs, which may have been files
    sys.stdout = open(1, 'w', buffering=1, closefd=False)
    sys.stderr = open(2, 'w', buffering=1, closefd=False, errors='backslashreplace')
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    warnings.simplefilter('ignore')
    for seed in (random.seed, np.random.seed, torch.seed):  # or every fork would draw the numbers of the server
        seed()
    sys.argv[:] = [script, *arguments]
    sys.path.insert(0, str(Path(script).parent))
    try:
        runpy.run_path(script, run_name='__main__')
    finally:
        with taken:
            taken.send(sum(os.times()[:4]))

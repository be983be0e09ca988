"""SIGTERM is Ctrl-C, in the process itself and in whole commands."""
import itertools
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from mminspect.core.interrupts import Terminated, signal_behind, sigterm_interrupts


def test_the_signal_interrupts_and_is_as_before_afterwards() -> None:
    with pytest.raises(Terminated), sigterm_interrupts():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_who_listens_already_goes_on_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    try:
        with sigterm_interrupts():
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.01)
        assert heard == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_other_threads_change_nothing() -> None:
    seen = []

    def work() -> None:
        with sigterm_interrupts():
            seen.append(signal.getsignal(signal.SIGTERM))
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.SIG_DFL]


def test_a_forked_process_ends_as_it_always_did() -> None:
    with sigterm_interrupts():
        pid = os.fork()
        if pid == 0:
            try:
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(5)
            finally:
                os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGTERM


def chain(*errors: BaseException) -> BaseException:
    for later, earlier in itertools.pairwise(errors):
        later.__context__ = earlier
    return errors[0]


@pytest.mark.parametrize(('error', 'expected'), [
    (Terminated(), signal.SIGTERM), (KeyboardInterrupt(), signal.SIGINT), (ValueError(), None),
    (chain(RuntimeError('while ending'), Terminated()), signal.SIGTERM),
    (chain(OSError('a'), ValueError('b'), KeyboardInterrupt()), signal.SIGINT),
    (RuntimeError('DataLoader worker (pid 71) is killed by signal: Terminated. '), signal.SIGTERM),
    (RuntimeError('DataLoader worker (pid 71) is killed by signal: Killed. '), None),
])
def test_what_is_behind_an_error(error: BaseException, expected: int | None) -> None:
    assert signal_behind(error) == expected


def test_errors_that_cause_each_other_end() -> None:
    first, second = ValueError('a'), ValueError('b')
    first.__cause__, second.__cause__ = second, first
    assert signal_behind(first) is None


PROGRAM = """
import signal, time
from mminspect.core import cli
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background has it ignored
def main():
    print('begun', flush=True)
    time.sleep(60)
cli.run(main, 'the same command')
"""


@pytest.mark.parametrize(('number', 'status'), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_both_say_the_same(number: int, status: int) -> None:
    with subprocess.Popen([sys.executable, '-c', PROGRAM], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == 'begun\n'
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == status
    assert said == 'error: interrupted: what is on disk is whole; the same command goes on where it stopped\n'


REMOVED = """
import os, signal, time
from mminspect.core import cli
class Slow:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.2)
def main():
    for _ in range(100):
        Slow()
        time.sleep(0.3)
cli.run(main)
"""


def test_what_python_drops_is_raised_again() -> None:
    """In the removal of an object, exceptions are printed and forgotten."""
    done = subprocess.run([sys.executable, '-c', REMOVED], capture_output=True, text=True, timeout=60)
    assert done.returncode == 143 and done.stderr == 'error: interrupted: what is on disk is whole\n'


READERS = """
import time, torch
from torch.utils.data import DataLoader, Dataset
from mminspect.core import cli
class Slow(Dataset):
    def __len__(self):
        return 1000
    def __getitem__(self, index):
        time.sleep(0.05)
        return torch.zeros(1)
def main():
    for number, _ in enumerate(DataLoader(Slow(), num_workers=2)):
        if number == 2:
            print('begun', flush=True)
cli.run(main, 'the same command')
"""


@pytest.mark.parametrize('group', [False, True])
def test_with_processes_that_read_images(group: bool) -> None:
    """Also where the whole group gets the signal, as from a service manager: the readers may end first."""
    with subprocess.Popen([sys.executable, '-W', 'ignore', '-c', READERS], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout.readline() == 'begun\n'
        (os.killpg if group else os.kill)(process.pid, signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 143 and 'Traceback' not in said, said
    assert said.splitlines()[-1] == 'error: interrupted: what is on disk is whole; the same command goes on where it ' \
                                    'stopped'

"""One writer at a time, whichever way the other one ended."""
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mminspect.core import system
from mminspect.core.errors import UserError
from mminspect.core.locks import replacing_alone, writing_alone

OTHER = """
import os, sys, time
from mminspect.core.locks import writing_alone
with writing_alone(sys.argv[1], 'training', 'somebody writes'):
    if not (sys.argv[2:] and os.fork()):  # a child says it, which then runs
        print('has it', flush=True)
    time.sleep(60)
"""


def test_the_second_one_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with writing_alone(tmp_path / 'new', 'training', 'somebody writes'):
        with pytest.raises(UserError, match='somebody writes'), writing_alone(tmp_path / 'new', 'training',
                                                                              'somebody writes'):
            raise AssertionError('two writers')
        with writing_alone(tmp_path / 'new', 'inspect', 'somebody writes'):  # something else
            pass
    assert list((tmp_path / 'new').iterdir()) == []
    with writing_alone(tmp_path / 'new', 'training', 'somebody writes'):
        pass


def test_an_error_gives_it_back(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='x'), writing_alone(tmp_path, 'a', 'b'):
        raise ValueError('x')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('forks', [False, True])
def test_a_killed_process_leaves_none(tmp_path: Path, forks: bool) -> None:
    """Also one whose children outlive it, as processes that read images do for seconds."""
    words = [sys.executable, '-c', OTHER, str(tmp_path), *(['fork'] if forks else [])]
    with subprocess.Popen(words, text=True, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout.readline() == 'has it\n'
        with pytest.raises(UserError, match='mine'), writing_alone(tmp_path, 'training', 'mine'):
            pass
        process.kill()
        process.wait()
        with writing_alone(tmp_path, 'training', 'mine'):
            assert not forks or alive(process.pid)
        if forks:
            os.killpg(process.pid, signal.SIGKILL)
    assert list(tmp_path.iterdir()) == []


def alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_whoever_opened_a_removed_file_tries_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between opening and locking, the one who had the lock may remove its file: a lock on that is worth nothing."""
    take, path = system._take, tmp_path / 'lock'

    def slow(descriptor: int) -> None:
        if path.exists() and os.fstat(descriptor).st_size == 0 and not done:
            done.append(descriptor)
            path.unlink()
        take(descriptor)
    done: list[int] = []
    monkeypatch.setattr(system, '_take', slow)
    release = system.lock(path)
    assert path.exists() and len(done) == 1
    with pytest.raises(system.Locked):
        system.lock(path)
    release()


def test_a_file_system_without_locks_lets_everybody_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    def refuse(descriptor: int) -> None:
        raise OSError(errno.ENOLCK, 'No locks available')
    monkeypatch.setattr(system, '_take', refuse)
    before = len(os.listdir('/proc/self/fd'))
    with writing_alone(tmp_path, 'a', 'b'), writing_alone(tmp_path, 'a', 'b'):
        pass
    assert len(os.listdir('/proc/self/fd')) == before


def test_one_changes_a_file_at_a_time(tmp_path: Path) -> None:
    file = tmp_path / f'{"ä" * 120}.onnx'
    with replacing_alone(file), pytest.raises(UserError, match='another command is changing'), replacing_alone(file):
        pass
    (tmp_path / 'link.onnx').symlink_to(tmp_path / 'a.onnx')
    with replacing_alone(tmp_path / 'a.onnx'), pytest.raises(UserError, match=r'a\.onnx'), \
            replacing_alone(tmp_path / 'link.onnx'):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ['link.onnx']

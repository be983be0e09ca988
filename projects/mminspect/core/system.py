"""What only some operating systems offer, in one place, with what is done where it is missing.

Linux is tested. The ways of other systems are tested as far as that goes without one: with these modules taken away,
and with stand-ins for theirs.
"""
from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:
    fcntl = None
try:
    import resource
except ImportError:
    resource = None
try:
    import msvcrt
except ImportError:
    msvcrt = None

#: Files and connections that a process may have open where the system does not tell: what Windows' select takes.
UNKNOWN_OPEN_FILES = 512
#: What systems say of a file system that knows no locks, such as some that lie on a network.
NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)

#: Descriptors of the locks that this process has.
_locks: set[int] = set()


class Locked(Exception):
    """Somebody else has the lock."""


def lock(path: Path, mode: int = 0o600) -> Callable[[], None]:
    """Take a file for this process, until it ends or calls what is returned.

    Processes that it forks do not have the lock, so that it ends with this one. Where the system knows no lock (see
    :func:`missing`), or the file system, everybody gets it. Whoever has it may remove the file before giving it back.

    Args:
        path: Made if it is not there.
        mode: Of the file, less the umask.

    Raises:
        Locked: Another has it, in this process or in another one.
        OSError: The file cannot be made.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, mode)
        try:
            _take(descriptor)
        except OSError as error:
            os.close(descriptor)
            if error.errno in NO_LOCKS:
                return lambda: None
            raise Locked(str(path)) from error
        if _is_at(descriptor, path):
            break
        os.close(descriptor)  # the one who had it removed the file in between
    _locks.add(descriptor)

    def release() -> None:
        if descriptor in _locks:
            _locks.remove(descriptor)
            os.close(descriptor)

    return release


def _take(descriptor: int) -> None:
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    elif msvcrt is not None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _leave_locks() -> None:
    """A forked process shares its parent's locks, and would keep them when the parent is killed."""
    for descriptor in _locks:
        os.close(descriptor)
    _locks.clear()


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_leave_locks)


def allow_open_files(wanted: int) -> int:
    """Raise the number of files that this process may have open as far as its user may; returns what holds now."""
    if resource is None:
        return min(wanted, UNKNOWN_OPEN_FILES)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    wanted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(soft, wanted)


def sync_folder(folder: Path) -> None:
    """Return when the entries of a folder are on the disk; where folders cannot be opened, at once."""
    if not hasattr(os, 'O_DIRECTORY'):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def core_count() -> int:
    """Processors that this process may use; all of the machine's where the system does not tell."""
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


def missing() -> Iterator[str]:
    """What this system lacks and what follows, a sentence each; nothing on Linux."""
    if fcntl is None and msvcrt is None:
        yield 'this system has no locks on files: make sure yourself that one station at a time uses a data folder'
    if resource is None:
        yield f'this system does not tell how many files may be open: {UNKNOWN_OPEN_FILES} are counted on'
    if not hasattr(os, 'O_DIRECTORY'):
        yield ('this system does not tell when the entries of a folder are on the disk: after a power failure the last '
               'uploads may be missing')

"""A disk of a few megabytes that can be filled to the last byte, and emptied again."""
from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from environments import NotRun

_FILLER = '.filler'


class Disk:
    """A mounted file system in memory.

    Attributes:
        folder: Where it is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, leave: int = 0) -> None:
        """Take all room but ``leave`` bytes, as a log that somebody forgot does."""
        step = self.free()
        with open(self.folder / _FILLER, 'ab', buffering=0) as file:
            while (count := min(step, self.free() - leave)) > 0:
                try:
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, count)
                except OSError as error:  # somebody else writes, too: smaller parts
                    if error.errno != errno.ENOSPC:
                        raise
                    step = count // 2

    def empty(self) -> None:
        """Give the room back."""
        (self.folder / _FILLER).unlink(missing_ok=True)

    def free(self) -> int:
        """Bytes."""
        state = os.statvfs(self.folder)
        return state.f_bavail * state.f_frsize

    def content(self) -> dict[str, str]:
        """Hash of every file by its path."""
        found = {}
        for path in sorted(self.folder.rglob('*')):
            if path.is_file() and path.name != _FILLER:
                found[path.relative_to(self.folder).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found


@contextmanager
def disk(megabytes: int) -> Iterator[Disk]:
    """A new one; NotRun where none can be mounted."""
    with tempfile.TemporaryDirectory(prefix='small-disk-') as folder:
        done = subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={megabytes}m', 'tmpfs', folder], text=True,
                              capture_output=True) if hasattr(os, 'posix_fallocate') else None
        if done is None or done.returncode:
            reason = 'not on this system' if done is None else ' '.join(done.stderr.split())
            raise NotRun(f'a small file system cannot be mounted here ({reason}): root on Linux can')
        try:
            yield Disk(Path(folder))
        finally:
            subprocess.run(['umount', '--lazy', folder], check=True)

"""Files and folders that are either whole or not there."""
from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mmengine.fileio import LocalBackend, register_backend

#: When this process began, in seconds; temporary files that are older are not its own.
STARTED = time.time()
#: Names that :func:`replacing` gives to checkpoints while it writes them.
UNFINISHED = re.compile(r'\.(epoch|iter)_\d+\.pth\.[a-z0-9_]{8}')


class AtomicLocalBackend(LocalBackend):
    """mmengine's local backend, but ``put`` replaces the target only after every byte is on disk.

    A checkpoint hook with ``backend_args=dict(backend='atomic')`` never leaves half a checkpoint behind when the
    process is killed or the disk is full; the previous one stays as it was.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write ``obj`` to ``filepath`` atomically.

        Raises:
            OSError: No space, no permission; nothing of the new file is left behind.
        """
        with replacing(filepath) as handle:
            handle.write(obj)

    def put_text(self, obj: str, filepath: str | Path, encoding: str = 'utf-8') -> None:
        """Write text to ``filepath`` atomically; raises as :meth:`put`."""
        self.put(obj.encode(encoding), filepath)


def register_atomic_backend() -> None:
    """Give mmengine the backend ``dict(backend='atomic')``."""
    register_backend('atomic', AtomicLocalBackend, force=True)


@contextmanager
def replacing(path: str | Path) -> Iterator[BinaryIO]:
    """A binary handle on a temporary sibling of ``path`` that replaces ``path`` on success.

    On an exception, of the body or of the disk, the temporary file is removed and ``path`` is untouched. A link stays:
    what it leads to is replaced.
    """
    path = Path(os.path.realpath(path) if os.path.islink(path) else path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # not the whole of a long name, which leaves no room in the 255 bytes that a file system takes
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name[:50]}.')
    try:
        with os.fdopen(descriptor, 'wb') as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def remove_unfinished(folder: str | Path, before: float = STARTED) -> None:
    """Remove what killed processes left of checkpoints that they were writing into ``folder``.

    Args:
        folder: Work directory of a run; the folders below it are left alone.
        before: Files that were written to later (seconds) may still be in the making and stay.
    """
    for path in Path(folder).iterdir():
        if UNFINISHED.fullmatch(path.name) and path.is_file() and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)


@contextmanager
def completing(folder: str | Path) -> Iterator[Path]:
    """A new folder beside ``folder`` that takes its place on success.

    On an exception everything in it is removed and ``folder`` is untouched.

    Args:
        folder: Must not exist, or be empty.

    Raises:
        OSError: ``folder`` is anything else, or cannot be made.
    """
    folder = Path(folder).absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f'.{folder.name}.',
                                     ignore_cleanup_errors=True) as private:
        new = Path(private, folder.name)  # TemporaryDirectory itself is for this user only
        new.mkdir()
        yield new
        os.replace(new, folder)

"""Files that are either whole or not there."""
from __future__ import annotations

import os
import tempfile
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend


@register_backend('atomic', force=True)
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


class replacing:  # noqa: N801 (a context manager read as a verb)
    """Context manager: a binary handle on a temporary sibling of ``path`` that replaces ``path`` on success.

    On an exception the temporary file is removed and ``path`` is untouched.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __enter__(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, self._temporary = tempfile.mkstemp(dir=self.path.parent, prefix=f'.{self.path.name}.')
        self._handle = os.fdopen(descriptor, 'wb')
        return self._handle

    def __exit__(self, kind, value, traceback) -> None:
        try:
            if kind is None:
                self._handle.flush()
                os.fsync(self._handle.fileno())
        except OSError:
            kind = OSError
            raise
        finally:
            self._handle.close()
            if kind is None:
                mask = os.umask(0)
                os.umask(mask)
                os.chmod(self._temporary, 0o666 & ~mask)
                os.replace(self._temporary, self.path)
            else:
                os.unlink(self._temporary)

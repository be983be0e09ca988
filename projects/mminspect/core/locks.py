"""One writer at a time: what a command takes for itself, until it ends, in whatever way."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from . import system
from .errors import UserError


@contextmanager
def writing_alone(folder: str | Path, name: str, refusal: str) -> Iterator[None]:
    """In the block, nobody else who asks for the same writes into ``folder``.

    The system gives the lock back when the process ends, so that a killed one leaves none; its file is hidden, and
    removed at the end. Where the system or the file system knows no locks, everybody gets it.

    Args:
        folder: Made if it is not there.
        name: Of what is written: several commands may write different things into one folder.
        refusal: What to tell the user if somebody else writes: a sentence.

    Raises:
        UserError: Somebody else does.
        OSError: The folder cannot be written to.
    """
    path = Path(folder, f'.{name}.lock')
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        release = system.lock(path, mode=0o666)
    except system.Locked as error:
        raise UserError(refusal) from error
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes no open file
            path.unlink()
        release()


@contextmanager
def replacing_alone(file: str | Path) -> Iterator[None]:
    """In the block, no other command that asks for the same reads and replaces ``file``; raises as
    :func:`writing_alone`."""
    file = Path(file).resolve()
    refusal = f'another command is changing {file}: wait for its end, or name another file'
    with writing_alone(file.parent, file.name[:50], refusal):
        yield

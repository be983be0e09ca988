"""Places that a command is told to write to, looked at before its work and not behind it."""
from __future__ import annotations

import errno
import os
import tempfile
from argparse import ArgumentTypeError
from pathlib import Path

from .errors import UserError

#: Bytes of one name in the file systems that are in use.
LONGEST_NAME = 255


def place(text: str) -> Path:
    """Type of an option that names a file or a folder: an empty word, as of a variable that is not set, names none."""
    if not text:
        raise ArgumentTypeError('an empty word names no file and no folder')
    return Path(text)


def check_output_file(path: str | Path, option: str) -> None:
    """Make sure that a file can be written or replaced.

    Args:
        path: Of the file; the folders above it need not exist.
        option: With which the user chooses it, for messages.

    Raises:
        UserError: It is a folder or a device, or there can be no such file.
    """
    if os.path.isdir(path):
        raise UserError(f'{option} {path} is a folder: name a file, which may lie in it')
    if os.path.exists(path) and not os.path.isfile(path):
        raise UserError(f'{option} {path} is no ordinary file, and would be replaced by one: name another')
    target = Path(os.path.realpath(path)) if os.path.islink(path) else Path(path)
    _check_names(target, option)
    check_output_folder(target.parent, option)


def check_output_folder(folder: str | Path, option: str = '') -> None:
    """Make sure that files can be written into a folder, which need not exist and is not made.

    Args:
        folder: The folder.
        option: With which the user chooses it, for messages.

    Raises:
        UserError: It or one above it is a file or a link to nothing, or cannot be written to.
    """
    other = f'choose another with {option}' if option else 'name another place'
    prefix, folder = f'{option} {folder} cannot be written: '.lstrip(), Path(folder).absolute()
    _check_names(folder, option)
    place = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    if os.path.islink(place) and not os.path.exists(place):
        raise UserError(f"{prefix}'{place}' is a link to nothing: remove it, or {other}")
    if not place.is_dir():
        raise UserError(f"{prefix}'{place}' is a file: name a folder instead, or {other}")
    try:
        with tempfile.NamedTemporaryFile(dir=place):
            pass
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise UserError(f"{prefix}'{place}' takes no file ({os.strerror(error.errno or 0)}): {other}, or change its "
                        'rights') from error


def _check_names(path: Path, option: str) -> None:
    if long := next((part for part in path.parts if len(os.fsencode(part)) > LONGEST_NAME), None):
        raise UserError(f'{option or "the path"} names {long[:20]}..., which has {len(os.fsencode(long))} bytes: a '
                        f'name has {LONGEST_NAME} at most')

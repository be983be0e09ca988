"""How every command line tool of the project ends: one clear sentence and a non-zero status, or success."""
from __future__ import annotations

import errno
import os
import sys
from argparse import ArgumentError, ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from typing import Any
from urllib.error import URLError

from mmengine.config import DictAction

from mminspect.errors import UserError

#: Set to 1 to see the traceback behind a one-sentence error.
DEBUG_VARIABLE = 'MMINSPECT_DEBUG'


class OptionsAction(DictAction):
    """mmengine's action for ``--cfg-options`` with an error in words for what is no KEY=VALUE."""

    def __call__(self, parser: ArgumentParser, namespace: Namespace, values: str | Sequence[Any] | None,
                 option_string: str | None = None) -> None:
        """See :class:`argparse.Action`."""
        if wrong := [value for value in values if '=' not in value]:
            raise ArgumentError(self, f'{wrong[0]!r} is not of the form KEY=VALUE')
        super().__call__(parser, namespace, values, option_string)


def run(main: Callable[[], int | None]) -> None:
    """Run ``main`` and leave the process with its status.

    Status 2 with one sentence on stderr: a :class:`UserError`, a full disk or a denied permission. Status 130: Ctrl-C.
    Every other exception is a defect of the program and keeps its traceback.
    """
    try:
        sys.exit(main() or 0)
    except KeyboardInterrupt:
        _fail('interrupted: what is on disk is whole; the same command with --resume goes on from the last '
              'checkpoint', 130)
    except Exception as error:
        message = sentence(error)
        if message is None or os.environ.get(DEBUG_VARIABLE) == '1':
            raise
        _fail(message, 2)


def sentence(error: BaseException) -> str | None:
    """The sentence for the user if ``error`` (or what caused it) is the user's to mend, else None."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, UserError):
            return ' '.join(str(error).split())
        if isinstance(error, URLError):
            return f'something has to be fetched and the network does not answer ({error.reason}): offline, give ' \
                   'weights as a file or none (--cfg-options model.backbone.init_cfg=None)'
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return f'the disk is full while writing {error.filename or "a file"}: free some space and run the same ' \
                   'command with --resume'
        if isinstance(error, PermissionError) or (isinstance(error, OSError) and error.errno == errno.EROFS):
            return f'no permission for {error.filename or "a file"}: choose another --work-dir or change its rights'
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return None


def _fail(message: str, status: int) -> None:
    print(f'error: {message}', file=sys.stderr, flush=True)
    sys.exit(status)

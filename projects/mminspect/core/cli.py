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

from .errors import UserError

#: Set to 1 to see the traceback behind a one-sentence error.
DEBUG_VARIABLE = 'MMINSPECT_DEBUG'


class OptionsAction(DictAction):
    """mmengine's action for ``--cfg-options``, with an error in words for what is no KEY=VALUE.

    mmengine takes every space out of a value and cuts it at every comma. Here text in quotes is taken as it is, and so
    is text with spaces that is no list: names of folders and categories.
    """

    def __call__(self, parser: ArgumentParser, namespace: Namespace, values: str | Sequence[Any] | None,
                 option_string: str | None = None) -> None:
        """See :class:`argparse.Action`."""
        options = dict(getattr(namespace, self.dest, None) or {})
        for word in values:
            key, equals, value = word.partition('=')
            if not equals:
                raise ArgumentError(self, f'{word!r} is not of the form KEY=VALUE')
            try:
                options[key] = _value(value)
            except AssertionError:  # mmengine's
                raise ArgumentError(self, f'{word!r} has brackets that are not closed: close them, or put the value '
                                          'in quotes if it is text') from None
        setattr(namespace, self.dest, options)


def _value(text: str) -> Any:
    """The value that a word of the command line stands for."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in '\'"':
        return text[1:-1]
    if ' ' in text and not text.startswith(('[', '(')) and ',' not in text:
        return text
    return DictAction._parse_iterable(text)


def parse_options(words: Sequence[str]) -> dict[str, Any]:
    """The words behind ``--cfg-options`` as :class:`OptionsAction` reads them.

    Raises:
        UserError: One is no KEY=VALUE.
    """
    parser = ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument('--cfg-options', nargs='*', action=OptionsAction)
    try:
        return parser.parse_args(['--cfg-options', *words]).cfg_options
    except ArgumentError as error:
        raise UserError(str(error)) from error


def run(main: Callable[[], int | None], again: str = '') -> None:
    """Run ``main`` and leave the process with its status.

    Status 2 with one sentence on stderr: a :class:`UserError`, a full disk or a denied permission. Status 130: Ctrl-C.
    Status 141: whoever read the output has gone, as in ``| head``. Every other exception is a defect of the program and
    keeps its traceback.

    Args:
        main: The tool.
        again: What goes on where an interrupted tool stopped, such as 'the same command'; '' if nothing does.
    """
    try:
        sys.exit(main() or 0)
    except KeyboardInterrupt:
        goes_on = f'; {again} goes on where it stopped' if again else ''
        _fail(f'interrupted: what is on disk is whole{goes_on}', 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python complains once more while it ends
        sys.exit(141)
    except Exception as error:
        message = sentence(error, again)
        if message is None or os.environ.get(DEBUG_VARIABLE) == '1':
            raise
        _fail(message, 2)


def sentence(error: BaseException, again: str = '') -> str | None:
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
            return f'the disk is full while writing {error.filename or "a file"}: free some space and run ' \
                   f'{again or "the same command again"}'
        if isinstance(error, PermissionError) or (isinstance(error, OSError) and error.errno == errno.EROFS):
            return f'no permission for {error.filename or "a file"}: choose another folder or change its rights'
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return None


def _fail(message: str, status: int) -> None:
    print(f'error: {message}', file=sys.stderr, flush=True)
    sys.exit(status)

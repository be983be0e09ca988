import errno
import logging
import os
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError

import cv2
import pytest
from torch._utils import ExceptionWrapper

from mminspect.core import cli
from mminspect.core.errors import UserError
from mminspect.core.interrupts import Terminated


def status(main) -> int:
    with pytest.raises(SystemExit) as end:
        cli.run(main)
    return end.value.code


def failing(error: BaseException, cause: BaseException | None = None):
    def main() -> None:
        raise error from cause

    return main


@pytest.mark.parametrize(('returned', 'code'), [(None, 0), (0, 0), (3, 3)])
def test_status_of_success_and_of_an_explicit_code(returned: int | None, code: int, capsys) -> None:
    assert status(lambda: returned) == code
    assert capsys.readouterr().err == ''


def test_exit_of_argparse_passes() -> None:
    assert status(failing(SystemExit(2))) == 2


@pytest.mark.parametrize(('error', 'words'), [
    (UserError('config a.py does not exist: check\n  the path'), 'error: config a.py does not exist: check the path'),
    (OSError(errno.ENOSPC, 'x', '/runs/a.pth'), 'the disk is full while writing /runs/a.pth'),
    (OSError(errno.EDQUOT, 'x'), 'the disk is full while writing a file'),
    (PermissionError(errno.EACCES, 'x', '/data/a'), 'no permission for /data/a'),
    (URLError('timed out'), 'the network does not answer (timed out)'),
    (URLError('timed out'), 'of a package of pip (package://NAME, for detectors with the backbone TIMMPyramid'),
    (OSError(errno.EROFS, 'x', '/mnt/a'), 'no permission for /mnt/a'),
    (OSError(errno.EIO, 'x', '/mnt/a'), 'the disk fails at /mnt/a (Input/output error)'),
    (NotADirectoryError(errno.ENOTDIR, 'x', 'a/b'), 'a/b cannot be written or read (Not a directory): name another'),
    (IsADirectoryError(errno.EISDIR, 'x', 'a'), 'a cannot be written or read (Is a directory)'),
    (OSError(errno.ENAMETOOLONG, 'x', 'aaa'), 'aaa cannot be written or read (File name too long)'),
    (MemoryError('Unable to allocate 3 EiB'), 'not enough memory (Unable to allocate 3 EiB): take smaller images'),
    (MemoryError(), 'not enough memory (no more is given)'),
    (RuntimeError('[enforce fail] DefaultCPUAllocator: can\'t allocate memory'), 'there is not enough memory'),
    (RuntimeError('Storage size calculation overflowed with sizes=[1, 3]'), 'there is not enough memory'),
    (RuntimeError('DataLoader worker (pid 71) is killed by signal: Killed. '),
     'a process that reads images killed by signal: Killed'),
    (RuntimeError('DataLoader worker (pid(s) 71, 72) exited unexpectedly'),
     'a process that reads images exited unexpectedly'),
    (cv2.error('OpenCV(4.12.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 3 bytes'),
     'there is not enough memory (OpenCV'),
    (UserError('a\x1b[31m.png is red'), r'error: a\x1b[31m.png is red'),
])
def test_what_the_user_can_mend_is_one_sentence_and_status_2(error: BaseException, words: str, capsys) -> None:
    assert status(failing(error)) == 2
    out, err = capsys.readouterr()
    assert out == '' and words in err and err.startswith('error: ') and err.count('\n') == 1


def test_interruption_is_status_130_and_says_how_to_go_on(capsys) -> None:
    assert status(failing(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == 'error: interrupted: what is on disk is whole\n'
    for error, words in ((KeyboardInterrupt(), 'whole; the same command goes on where it stopped'),
                         (OSError(errno.ENOSPC, 'x'), 'free some space and run the same command')):
        with pytest.raises(SystemExit):
            cli.run(failing(error), 'the same command')
        assert capsys.readouterr().err.endswith(f'{words}\n')


def test_an_interruption_counts_whatever_failed_on_the_way_out() -> None:
    """Processes that read images complain of an end that was wanted."""
    def main() -> None:
        try:
            raise Terminated
        finally:
            raise RuntimeError('DataLoader worker (pid 71) exited unexpectedly')

    assert status(main) == 143 and status(failing(UserError('x'), KeyboardInterrupt())) == 130


def test_names_that_are_no_text_can_be_printed(capsys) -> None:
    assert status(lambda: print(os.fsdecode(b'\xff.png'))) == 0
    assert capsys.readouterr().out == '\\udcff.png\n'


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='no device that is always full')
def test_a_log_on_a_full_disk_adds_nothing_to_the_sentence(monkeypatch, capsys) -> None:
    monkeypatch.setattr(logging, 'raiseExceptions', True)
    logger = logging.getLogger('on a full disk')
    handler = logging.FileHandler('/dev/full')
    logger.addHandler(handler)

    def main() -> None:
        logger.warning('a line')
        raise OSError(errno.ENOSPC, 'x', '/runs/a.pth')
    try:
        assert status(main) == 2
    finally:
        logger.removeHandler(handler)
        with suppress(OSError):
            handler.close()
    captured = capsys.readouterr().err.splitlines()
    assert len(captured) == 1 and captured[0].startswith('error: the disk is full') and logging.raiseExceptions


def test_reader_of_the_output_has_gone(monkeypatch) -> None:
    monkeypatch.setattr(os, 'dup2', lambda *descriptors: None)
    assert status(failing(BrokenPipeError())) == 141


def test_options_outside_of_a_command_line() -> None:
    assert cli.parse_options(['a.b=1', 'c=d']) == {'a.b': 1, 'c': 'd'} and cli.parse_options([]) == {}
    with pytest.raises(UserError, match="'foo' is not of the form KEY=VALUE"):
        cli.parse_options(['foo'])


def test_cause_of_an_error_counts(capsys) -> None:
    assert status(failing(RuntimeError('wrapped'), UserError('the real reason'))) == 2
    assert capsys.readouterr().err == 'error: the real reason\n'

    def while_handling() -> None:
        try:
            raise UserError('first')
        except UserError:
            raise KeyError('second')  # noqa: B904 (the context is what is tested)

    assert status(while_handling) == 2


@pytest.mark.parametrize('error', [ValueError('defect'), OSError(errno.ENOENT, 'x', 'a'), FileNotFoundError('a')])
def test_defects_of_the_program_keep_their_traceback(error: Exception) -> None:
    with pytest.raises(type(error)):
        cli.run(failing(error))


def test_what_a_process_that_reads_images_says_comes_without_its_traceback() -> None:
    """As torch's data loader raises it again."""
    try:
        raise UserError('image a.png is damaged: replace it')
    except UserError:
        wrapper = ExceptionWrapper(where='in DataLoader worker process 0')
    with pytest.raises(UserError, match='Original Traceback') as caught:
        wrapper.reraise()
    assert cli.sentence(caught.value) == 'image a.png is damaged: replace it'


def test_context_that_was_suppressed_does_not_count() -> None:
    def main() -> None:
        try:
            raise PermissionError(errno.EACCES, 'x', 'a')
        except PermissionError:
            raise ValueError('a defect') from None

    with pytest.raises(ValueError, match='a defect'):
        cli.run(main)


def test_errors_that_cause_each_other_end() -> None:
    first, second = ValueError('a'), ValueError('b')
    first.__cause__, second.__cause__ = second, first
    assert cli.sentence(first) is None


def test_debug_variable_shows_the_traceback(monkeypatch) -> None:
    monkeypatch.setitem(os.environ, cli.DEBUG_VARIABLE, '1')
    with pytest.raises(UserError):
        cli.run(failing(UserError('x')))


@pytest.mark.parametrize(('words', 'expected'), [
    (['a.b=1', 'c=x,y'], {'a.b': 1, 'c': ['x', 'y']}), (['a=None', 'b=[1,(2,3)]'], {'a': None, 'b': [1, (2, 3)]})])
def test_options_are_read_as_mmengine_reads_them(words: list[str], expected: dict) -> None:
    parser = ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=cli.OptionsAction)
    assert parser.parse_args(['--cfg-options', *words]).cfg_options == expected


@pytest.mark.parametrize(('word', 'value'), [
    ('a="x, y"', 'x, y'), ("a='3'", '3'), ('a=metal nut', 'metal nut'), ('a="/my data/b,c.pth"', '/my data/b,c.pth'),
    ('a=[1, 2]', [1, 2]), ('a=1, 2', [1, 2]), ('a=', ''), ('a="', '')])
def test_text_keeps_its_spaces_and_in_quotes_its_commas(word: str, value: object) -> None:
    assert cli.parse_options([word]) == {'a': value}


def test_options_given_twice_come_together() -> None:
    parser = ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=cli.OptionsAction)
    words = ['--cfg-options', 'a=1', 'b=2', '--cfg-options', 'b=3']
    assert parser.parse_args(words).cfg_options == {'a': 1, 'b': 3}


def test_open_brackets_are_named() -> None:
    with pytest.raises(UserError, match='brackets that are not closed'):
        cli.parse_options(['a=[1,(2'])


def test_option_without_a_value_is_named(capsys) -> None:
    parser = ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=cli.OptionsAction)
    with pytest.raises(SystemExit):
        parser.parse_args(['--cfg-options', 'a=1', 'foo'])
    assert "'foo' is not of the form KEY=VALUE" in capsys.readouterr().err

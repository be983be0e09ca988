"""Names of any bytes: shown in one line, and short enough for a suffix."""
import os

import pytest

from mminspect.core.names import fitting_name, printable


@pytest.mark.parametrize(('text', 'shown'), [
    ('a.png', 'a.png'), ('划痕 ä.png', '划痕 ä.png'), ('a\nb', r'a\nb'), ('a\x1b[31mb', r'a\x1b[31mb'),
    (os.fsdecode(b'\xff.png'), '?.png'), ('a\u202eb', r'a\u202eb'), ('a\u2028b', r'a\u2028b'), ('\x00', r'\x00')])
def test_control_characters_are_shown_as_digits(text: str, shown: str) -> None:
    assert printable(text) == shown
    shown.encode()


@pytest.mark.parametrize('letter', ['x', 'ä', '划', os.fsdecode(b'\xff')])
def test_long_names_are_cut_and_stay_different(letter: str, tmp_path) -> None:
    size = len(os.fsencode(letter))
    names = [f'{letter * ((250 - 2) // size)}{end}' for end in ('ab', 'cd')]
    fitted = [fitting_name(f'sub/{name}', 10) for name in names]
    assert len({*fitted}) == 2
    for path in fitted:
        assert path.startswith(f'sub/{letter}' if letter.isprintable() else 'sub/')
        assert len(os.fsencode(path.removeprefix('sub/'))) <= 245
        (tmp_path / f'{path.removeprefix("sub/")}{"x" * 10}').touch()
    assert fitting_name(f'sub/{names[0]}', 10) == fitted[0]


def test_names_that_fit_stay() -> None:
    assert fitting_name('a/b.c/d.e', 5) == 'a/b.c/d.e'
    assert fitting_name('x' * 250, 5) == 'x' * 250 and fitting_name('x' * 251, 5) != 'x' * 251

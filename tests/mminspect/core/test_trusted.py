"""Modules that the user names."""
import sys
from pathlib import Path

import pytest

from mminspect.core.errors import UserError
from mminspect.core.trusted import import_module_for, import_trusted


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a module, and Python's search path without it."""
    (tmp_path / 'module_of_mine.py').write_text('VALUE = 1\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'path', [entry for entry in sys.path if entry not in ('', '.')])
    monkeypatch.delitem(sys.modules, 'module_of_mine', raising=False)
    return tmp_path


def test_the_working_directory_is_searched_for_what_is_named_alone(here: Path) -> None:
    before = list(sys.path)
    with pytest.raises(UserError, match=r'a\.pth needs the Python module module_of_mine, which cannot be imported'):
        import_module_for('module_of_mine', 'a.pth')
    import_trusted(['module_of_mine', 'json'], 'a.pth')
    assert sys.modules.pop('module_of_mine').VALUE == 1 and sys.path == before


def test_a_module_that_is_not_there_is_named(here: Path) -> None:
    before = list(sys.path)
    with pytest.raises(UserError, match=r'model\.pt2 needs the Python module not_here') as caught:
        import_trusted(['not_here'], 'model.pt2')
    assert sys.path == before and '\n' not in str(caught.value)


@pytest.mark.parametrize('name', ['', '.a', 'a.', 'a b', 'module-of-mine', './module_of_mine.py'])
def test_names_that_are_none(here: Path, name: str) -> None:
    with pytest.raises(UserError, match=r'cannot be given the Python module .*, which is no name of one'):
        import_trusted([name], 'a.pth')


@pytest.mark.parametrize('text', ['1 / 0', 'def', 'raise SystemExit(3)', 'undefined', "raise OSError('disk')"])
def test_a_module_that_fails(here: Path, text: str) -> None:
    (here / 'failing_module.py').write_text(text)
    with pytest.raises(UserError, match=r'needs the Python module failing_module, which fails while it is imported \('):
        import_trusted(['failing_module'], 'a.pth')
    assert str(here) not in sys.path

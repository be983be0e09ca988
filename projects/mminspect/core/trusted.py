"""Modules that the user names because he trusts them (``--import``)."""
from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from mminspect.core.errors import UserError


def import_trusted(modules: Iterable[str], wanted_by: str) -> None:
    """Import modules, which are also looked for in the working directory.

    Args:
        modules: Names as in an import statement.
        wanted_by: What needs them, for messages.

    Raises:
        UserError: One is no name of a module, cannot be imported, or fails while it is.
    """
    with _search_working_directory():
        for module in modules:
            import_module_for(module, wanted_by)


def import_module_for(module: str, wanted_by: str) -> None:
    """Import a module, without the working directory; arguments and errors as for :func:`import_trusted`."""
    if not all(part.isidentifier() for part in module.split('.')):
        raise UserError(f'{wanted_by} cannot be given the Python module {module!r}, which is no name of one: write it '
                        'as in an import statement, such as package.module')
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise UserError(f'{wanted_by} needs the Python module {module}, which cannot be imported ({error}): install '
                        'its package') from error
    except (Exception, SystemExit) as error:  # a module is a program and may fail in every way
        raise UserError(f'{wanted_by} needs the Python module {module}, which fails while it is imported '
                        f'({type(error).__name__}: {error}): correct it') from error


@contextmanager
def _search_working_directory() -> Iterator[None]:
    before, here = list(sys.path), os.getcwd()
    sys.path.append(here)
    try:
        yield
    finally:
        sys.path[:] = [entry for entry in sys.path if entry != here or entry in before]

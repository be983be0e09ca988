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
        UserError: One cannot be imported.
    """
    with _search_working_directory():
        for module in modules:
            import_module_for(module, wanted_by)


def import_module_for(module: str, wanted_by: str) -> None:
    """Import a module, without the working directory; arguments and errors as for :func:`import_trusted`."""
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise UserError(f'{wanted_by} needs the Python module {module}, which cannot be imported ({error}): install '
                        'its package') from error


@contextmanager
def _search_working_directory() -> Iterator[None]:
    before, here = list(sys.path), os.getcwd()
    sys.path.append(here)
    try:
        yield
    finally:
        sys.path[:] = [entry for entry in sys.path if entry != here or entry in before]

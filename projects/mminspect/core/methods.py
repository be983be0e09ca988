"""Methods that installed packages declare: the entry-point group ``mminspect.methods``.

A package adds methods without touching this project. In its ``pyproject.toml``::

    [project.entry-points.'mminspect.methods']
    my_method = 'my_package'

Importing ``my_package`` registers its components, as ``import fdrd`` does.
"""
from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path

from mminspect.core.errors import UserError

GROUP = 'mminspect.methods'
#: This project's own methods, which are there also where it is not installed or was installed before it declared them.
OWN_METHODS = {'fdrd': 'fdrd', 'anomaly_rd': 'anomaly_rd'}
#: This project's own packages.
OWN_MODULES = frozenset({'mminspect', 'mmcv_fallback', *OWN_METHODS.values()})


def declared_methods() -> dict[str, str]:
    """The module of each declared method by the method's name, this project's own first.

    Raises:
        UserError: Two distributions declare different modules under one name.
    """
    methods = dict(OWN_METHODS)
    for distribution, entry in _declarations():
        if methods.setdefault(entry.name, entry.module) != entry.module:
            raise UserError(f'the method {entry.name!r} is declared as {methods[entry.name]} and, by the package '
                            f'{distribution.name}, as {entry.module}: uninstall one of the two')
    return methods


def import_method(name: str | None) -> bool:
    """Import the module of a method, which registers its components.

    Args:
        name: The declared name of the method; a config's ``default_scope``, for instance.

    Returns:
        Whether such a method is declared; nothing is imported where none is.

    Raises:
        UserError: Its module cannot be imported.
    """
    module = declared_methods().get(name)
    if module is None:
        return False
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise UserError(f'the method {name} cannot be imported from {module} ({error}): install what it needs, or '
                        'uninstall the package that declares it') from error
    return True


def allowed_modules() -> set[str]:
    """Top-level modules that a config from elsewhere may have imported: those of distributions that declare methods.

    Whoever installed such a distribution has decided to run its code; that it declares the group says that its modules
    may be imported for a model. What lies in the working directory does not count, even if it looks like one.
    """
    allowed = set(OWN_MODULES)
    for distribution, entry in _declarations():
        allowed.add(entry.module.partition('.')[0])
        allowed.update(_top_level(distribution))
    return allowed


def _declarations() -> Iterator[tuple[Distribution, EntryPoint]]:
    """Entry points of the group with their distributions; of several installations of one, the first on the path."""
    seen = set()
    for distribution in distributions(path=_search_path()):
        name = (distribution.metadata['Name'] or '').lower().replace('_', '-')
        if name in seen:
            continue
        seen.add(name)
        yield from ((distribution, entry) for entry in distribution.entry_points if entry.group == GROUP)


def _search_path() -> list[str]:
    """``sys.path`` without the working directory: a downloaded folder may hold anything, metadata included."""
    here = Path.cwd().resolve()
    return [path for path in sys.path if path and os.path.isdir(path) and Path(path).resolve() != here]


def _top_level(distribution: Distribution) -> set[str]:
    """Names of the modules and packages that a distribution brings, also where it is installed as editable."""
    listed = (distribution.read_text('top_level.txt') or '').split()  # setuptools writes it, for editable ones as well
    files = [Path(str(path)) for path in distribution.files or ()]
    found = {path.parts[0] if len(path.parts) > 1 else path.stem for path in files if path.suffix == '.py'}
    return {name for name in {*listed, *found} if name.isidentifier() and not name.startswith('__editable__')}

"""The kinds of frame sources by their name, and a source from a text of the command line.

A registry of mmengine would do the same, but the server that owns the cameras runs without torch and mmengine.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from mminspect.core.errors import UserError
from mminspect.core.trusted import import_trusted

from .addresses import NETWORK_CAMERA, without_password
from .source import Report, Source

_KIND = re.compile('[a-z][a-z0-9_-]*')
_SOURCES: dict[str, type[Source]] = {}
_SourceClass = TypeVar('_SourceClass', bound=type[Source])


def register_source(kind: str) -> Callable[[_SourceClass], _SourceClass]:
    """Class decorator: ``--source KIND:ADDRESS`` opens a source of this class.

    The class is called with the address, ``rate``, ``loop`` and ``report`` of :func:`open_source`, the last three by
    name.

    Args:
        kind: What stands before the colon: small letters, digits, '-' and '_'.

    Raises:
        ValueError: The kind has other letters, or another class has it.
    """
    if not _KIND.fullmatch(kind):
        raise ValueError(f'a kind of source is small letters, digits, "-" and "_", got {kind!r}')

    def register(source_class: _SourceClass) -> _SourceClass:
        known = _SOURCES.setdefault(kind, source_class)
        if (known.__module__, known.__qualname__) != (source_class.__module__, source_class.__qualname__):
            raise ValueError(f'the kind of source {kind!r} is taken by {known.__module__}.{known.__qualname__}')
        _SOURCES[kind] = source_class  # of a module that was loaded once more, the newer one
        return source_class

    return register


def import_sources(modules: Iterable[str], sources: Iterable[str]) -> None:
    """Import the modules that register further kinds of sources, if one of the sources is of a kind that is not known.

    Otherwise they are the model's, which the server does not need.

    Args:
        modules: Names as in an import statement; also of files in the working directory.
        sources: Texts for :func:`open_source`.

    Raises:
        UserError: As :func:`~mminspect.core.trusted.import_trusted`.
    """
    unknown = next((text for text in sources if text.partition(':')[0] not in _SOURCES), None)
    if unknown is not None:
        import_trusted(modules, f'the source {unknown}')


def find_source(text: str) -> tuple[type[Source], str]:
    """The class that a source's text means, and the address in it.

    Args:
        text: ``KIND:ADDRESS``.

    Raises:
        UserError: No such kind is registered, or the address is missing.
    """
    kind, _, address = text.partition(':')
    if kind not in _SOURCES or not address:
        known = ', '.join(f'{name}:{found.address_example}' for name, found in _SOURCES.items())
        raise UserError(f'{without_password(text)!r} is no source of frames: give {known}; the module of another kind '
                        f'is named with --import, and a camera in the network is {NETWORK_CAMERA}')
    return _SOURCES[kind], address


def open_source(text: str, rate: float | None = None, loop: bool = True, report: Report | None = None) -> Source:
    """Open a source of live frames.

    Args:
        text: ``camera:0`` (its number, its device, or its URL as in ``camera:rtsp://HOST/PATH``), ``video:FILE``,
            ``folder:DIR``, or another kind that was given to :func:`register_source`.
        rate: Frames a second, above 0; by default a camera's or video's own, and 2 for a folder.
        loop: Whether videos and folders begin again at their end.
        report: Function that is told in one sentence of images that are left out and cameras that are lost, and ''
            when all is well again; called in the thread that takes the frames.

    Raises:
        UserError: The text is of another form, or what it names is missing or cannot be read.
    """
    source_class, address = find_source(text)
    if rate is not None and not 0 < rate <= 1000:
        raise UserError(f'the rate of {text} must be above 0 and at most 1000 frames a second, got {rate}')
    return source_class(address, rate=rate, loop=loop, report=report)

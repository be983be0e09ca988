"""Which images ask, by EXIF, to be turned: boxes may have been drawn on the pixels as they lie in the file."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from .decoding import read_header


def is_turned(path: str | Path) -> bool:
    """Whether the file asks to be turned or mirrored; from its header, False where it cannot be read."""
    try:
        with open(path, 'rb') as file:
            return read_header(file).orientation != 1
    except Exception:  # the check of the image tells what is wrong with it
        return False


def orientation_warnings(paths: Iterable[str | Path], applied: bool, drawn: str = 'boxes') -> list[str]:
    """One warning that counts the images with an orientation, or none.

    Args:
        paths: Of the images.
        applied: Whether they are turned when they are read (``orientation`` of the loader).
        drawn: What was drawn on them, for the message.
    """
    paths = list(paths)
    return warnings_of([str(path) for path in paths if is_turned(path)], len(paths), applied, drawn)


def warnings_of(turned: Sequence[str], total: int, applied: bool, drawn: str = 'boxes') -> list[str]:
    """As :func:`orientation_warnings`, of ``turned`` paths among ``total`` that somebody has looked at."""
    if not turned:
        return []
    count = f'{len(turned)} of {total} images carry an EXIF orientation'
    first = f"(first: {', '.join(turned[:3])})"
    if applied:
        return [f'{count} and are turned when they are read {first}: where the {drawn} were drawn on the pixels as '
                'they lie in the file, set orientation=False in the loader of images']
    return [f'{count} and are not turned when they are read, because of orientation=False {first}: where the {drawn} '
            'were drawn on the turned images, as most viewers show them, take it out']

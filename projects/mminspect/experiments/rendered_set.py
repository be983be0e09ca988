"""Data sets that a program renders: made once, known again by their parameters, never written over."""
from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mminspect.core.errors import UserError
from mminspect.core.fileio import completing


def make_set(out: str | Path, name: str, parameters: Mapping[str, Any], render: Callable[[Path], None],
             is_whole: Callable[[Path], bool]) -> bool:
    """Render a data set into the folder ``out``: all of it or nothing.

    Args:
        out: Must not exist, or be empty, or hold this very set.
        name: File below ``out`` that keeps the parameters, so that a second run knows the set.
        parameters: All that the files depend on; numbers, strings, lists and the like.
        render: Writes the set into the folder it is given, which is renamed to ``out`` at the end.
        is_whole: Whether no file is gone from a folder that has these parameters.

    Returns:
        False if ``out`` already holds this very set, which is then left alone.

    Raises:
        UserError: ``out`` holds anything else.
    """
    out = Path(out).absolute()
    text = json.dumps(parameters, indent=1)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        if _has_parameters(out / name, json.loads(text)) and is_whole(out):
            return False
        raise UserError(f"'{out}' exists and is not a complete set of these parameters: give another folder or remove "
                        'this one first')
    with completing(out) as folder:
        render(folder)
        (folder / name).write_text(f'{text}\n', encoding='utf-8')
    return True


def _has_parameters(path: Path, parameters: dict[str, Any]) -> bool:
    try:
        return json.loads(path.read_text(encoding='utf-8')) == parameters
    except (OSError, ValueError):
        return False


def report(out: str, images: str, make: Callable[[], bool]) -> None:
    """Make a set and print what was done, in one line.

    Args:
        out: Its folder, as the user gave it.
        images: How many it has, in words.
        make: Makes it; returns False if it was there.
    """
    start = time.perf_counter()
    if make():
        print(f'{out}: {images} images rendered in {time.perf_counter() - start:.1f} s')
    else:
        print(f'{out}: already there')

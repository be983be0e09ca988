"""Images of one list that are in another one too: the same file, or a copy of it byte for byte."""
from __future__ import annotations

import filecmp
import os
from collections.abc import Sequence
from pathlib import Path

_SAMPLE = 4096  # bytes by which files of one length are compared first


def copies(ours: Sequence[str], others: Sequence[str]) -> dict[str, str]:
    """Each of the paths ``others`` that is, behind links, one of ``ours`` or has its bytes; and which one that is.

    Files that are not there are left out. Files are read only where two have the same length.
    """
    known = {os.path.realpath(path): path for path in ours}
    lengths: dict[int, list[str]] = {}
    for path in filter(os.path.isfile, ours):
        lengths.setdefault(os.path.getsize(path), []).append(path)
    found = {}
    for path in filter(os.path.isfile, others):
        same = known.get(os.path.realpath(path)) or _same_bytes(path, lengths.get(os.path.getsize(path), ()))
        if same is not None:
            found[path] = same
    return found


def _same_bytes(path: str, candidates: Sequence[str]) -> str | None:
    """The first of the candidates, files of the same length, with the same bytes."""
    sample = _sample(path) if candidates else b''
    return next((c for c in candidates if _sample(c) == sample and filecmp.cmp(c, path, shallow=False)), None)


def _sample(path: str) -> bytes:
    """Some bytes from the middle of a file."""
    with open(path, 'rb') as file:
        file.seek(Path(path).stat().st_size // 2)
        return file.read(_SAMPLE)

"""Paths as a report shows them: below the one folder that holds all images."""
from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


class Places:
    """The nearest folder above all given files.

    Args:
        paths: Of files; they need not exist.

    Attributes:
        root: The folder, absolute; '' where there is none.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        folders = {os.path.dirname(os.path.abspath(path)) for path in paths}
        try:
            self.root = os.path.commonpath(folders) if folders else ''
        except ValueError:  # of two drives
            self.root = ''

    def shown(self, path: str) -> str:
        """The path below the folder, with slashes; as it is where there is no common folder or it lies elsewhere."""
        try:
            return Path(os.path.abspath(path)).relative_to(self.root).as_posix() if self.root else path
        except ValueError:
            return path

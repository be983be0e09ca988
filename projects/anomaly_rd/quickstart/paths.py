"""Where a quickstart puts everything."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """Where everything lies, below the folder of the run."""

    config: Path

    @property
    def folder(self) -> Path:
        """Of the run."""
        return self.config.parent.parent

    @property
    def model(self) -> Path:
        """The exported model with its threshold."""
        return self.folder / 'model.onnx'

    @property
    def results(self) -> Path:
        """The inspected pictures."""
        return self.folder / 'inspected'

    @property
    def report(self) -> Path:
        """The page to open first."""
        return self.folder / 'report.html'

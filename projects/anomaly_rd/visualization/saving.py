"""Figures as files and as arrays, without pyplot and so without a display or global state."""
from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mminspect.core.fileio import replacing


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Write a PNG, whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    with replacing(path) as handle:
        FigureCanvasAgg(figure).print_png(handle)
    return Path(path)


def figure_array(figure: Figure) -> NDArray[np.uint8]:
    """The picture as (H, W, 3), red-green-blue."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()

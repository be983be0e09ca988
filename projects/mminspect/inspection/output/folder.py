"""The folder that a run of inspections writes."""
from __future__ import annotations

import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mminspect.core.errors import UserError
from mminspect.core.fileio import replacing
from mminspect.core.names import fitting_name
from mminspect.core.outputs import check_output_folder
from mminspect.decisions import MapScale, Threshold
from mminspect.inspection.result import InspectionResult, ModelInfo
from mminspect.vision.images import encode_png

from .csv_table import write_table
from .jsonl import JsonLines, read_lines
from .overlay import draw_overlay

LINES, TABLE, OVERLAYS, MAPS = 'results.jsonl', 'results.csv', 'overlays', 'maps'
#: Entries of a line that say how the model was run: all results of a folder have the same.
WAYS = ('runtime', 'precision', 'tile', 'overlap')


class OutputFolder:
    """``results.jsonl``, ``results.csv``, ``overlays/`` and ``maps/`` of one run.

    The line of an image is written behind its pictures, so that an image with a line is done. The table is made of the
    lines when the run ends, however it ends.

    Args:
        folder: Where; made if it is not there.
        files: Paths of pictures below ``overlays`` and ``maps``, without suffix, by the names of the images.
        scale: The colours of maps in the overlays, from the model's calibration.
        overlays: Whether to draw them.
        maps: Whether to write the anomaly maps.

    Attributes:
        done: Names of the images that have a line.
    """

    def __init__(self, folder: str | Path, files: Mapping[str, str], scale: MapScale | None = None,
                 overlays: bool = True, maps: bool = False) -> None:
        self.folder, self._files, self._scale = Path(folder), files, scale
        self._overlays, self._maps = overlays, maps
        self._lines = JsonLines(self.folder / LINES)
        self.done = {line['image'] for line in read_lines(self.folder / LINES)}

    def add(self, result: InspectionResult, pixels: NDArray) -> None:
        """Write everything about one image; ``pixels`` (H, W, 3) are its own.

        Raises:
            OSError: The disk is full, or a file may not be written.
        """
        file = self._files[result.image]
        if self._overlays:
            with replacing(self.folder / OVERLAYS / picture_name(file, '.png')) as handle:
                handle.write(encode_png(draw_overlay(pixels, result, self._scale)[..., ::-1], compression=1))
        if self._maps and result.anomaly_map is not None:
            write_map(self.folder / MAPS / picture_name(file, '.tiff'), result.anomaly_map)
        self._lines.add(result)
        self.done.add(result.image)

    def __enter__(self) -> OutputFolder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._lines.close()
        write_table(self.folder / TABLE, read_lines(self.folder / LINES))


def picture_name(short: str, suffix: str) -> str:
    """The path of an image's picture below ``overlays`` or ``maps``.

    Args:
        short: As :func:`~mminspect.inspection.sources.short_names` gives it; where it is so long that the suffix does
            not fit behind it, it is cut.
        suffix: Of the picture.
    """
    return f'{fitting_name(short, len(suffix))}{suffix}'


def prepare_folder(folder: str | Path, model: ModelInfo, threshold: Threshold | None, overwrite: bool = False,
                   resume: bool = False) -> None:
    """Make sure that results of different runs are not mixed.

    Args:
        folder: The folder of the results; it need not exist.
        model: The model that is going to inspect.
        threshold: The threshold that it will decide with.
        overwrite: Remove earlier results, with the folders of their overlays and maps.
        resume: Keep them, if they were made by the same model in the same way, with the same threshold.

    Raises:
        UserError: There are results and neither is wanted, they were made otherwise, or a file is in the way.
    """
    check_output_folder(folder, '--out')
    there = [path for path in (Path(folder) / name for name in (LINES, TABLE, OVERLAYS, MAPS)) if path.exists()]
    if there and not (overwrite or resume):
        raise UserError(f"'{folder}' holds results already ({there[0].name}): give --resume to go on with them, "
                        '--overwrite to remove them, or another folder')
    if overwrite:
        for path in there:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    now = dict(model=model.fingerprint, threshold=threshold and threshold.value,
               **{name: getattr(model, name) for name in WAYS})
    for line in read_lines(Path(folder) / LINES):
        then = dict(model=line['fingerprint'], threshold=line['threshold'] and line['threshold']['value'],
                    **{name: line[name] for name in WAYS})
        if changed := ', '.join(name for name in now if now[name] != then[name]):
            raise UserError(f"the results in '{folder}' were made otherwise ({changed}): give the same as then, or "
                            '--overwrite to begin again')


def write_map(path: str | Path, heat: NDArray[np.float32]) -> None:
    """Write a map as a TIFF of one channel of 32-bit floating point, not compressed; whole or not at all.

    It is the format that MVTec's evaluation reads.

    Args:
        path: The file to write or replace, ending in ``.tiff``.
        heat: (H, W), in pixels of the image.

    Raises:
        OSError: It cannot be written.
    """
    data = io.BytesIO()  # Pillow writes past Python's file, and takes half of what it wrote for the whole
    Image.fromarray(np.ascontiguousarray(heat, np.float32)).save(data, format='TIFF')
    with replacing(path) as handle:
        handle.write(data.getbuffer())

"""A source from a word on the command line."""
from __future__ import annotations

from pathlib import Path

from mminspect.core.errors import UserError

from .camera import Camera
from .folder import Folder
from .source import Report, Source
from .video import Video


def open_source(text: str, rate: float | None = None, loop: bool = True, report: Report | None = None) -> Source:
    """Open a source of live frames.

    Args:
        text: ``camera:0`` (its number, device or URL), ``video:FILE`` or ``folder:DIR``.
        rate: Frames a second, above 0; by default a camera's or video's own, and 2 for a folder.
        loop: Whether videos and folders begin again at their end.
        report: Is told in one sentence of images that are left out and cameras that are lost, and '' when all is well
            again; called in the thread that takes the frames.

    Raises:
        UserError: The text is of another form, or what it names is missing or cannot be read.
    """
    kind, _, name = text.partition(':')
    if kind not in ('camera', 'video', 'folder') or not name:
        raise UserError(f'{text!r} is no source of frames: give camera:0, video:FILE or folder:DIR')
    if rate is not None and not 0 < rate <= 1000:
        raise UserError(f'the rate of {text} must be above 0 and at most 1000 frames a second, got {rate}')
    if kind == 'camera':
        return Camera(name, rate, report)
    return (Video if kind == 'video' else Folder)(Path(name), rate, loop, report)

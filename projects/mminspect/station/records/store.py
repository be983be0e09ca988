"""The pictures of records, below the media folder, under random names that nobody sends."""
from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import cv2
import numpy as np
from django.conf import settings
from PIL import Image

from mminspect.core.fileio import replacing
from mminspect.core.system import sync_folder
from mminspect.station.replies import Refused
from mminspect.station.worker.pictures import HEAT, OVERLAY, VIEW

#: Beside what the worker writes into a record's folder, for browsers.
THUMB = 'thumb.jpg'
#: Pixels of the longer side.
THUMB_SIDE = 192
#: Share of the heat map in it, as on the pages.
HEAT_OPACITY = 0.6
_NAME = re.compile('[0-9a-f]{32}')


def folder(record_id: UUID) -> Path:
    """Where everything of one record lies."""
    return Path(settings.MEDIA_ROOT, record_id.hex[:2], record_id.hex)


def original(record_id: UUID, suffix: str) -> Path:
    """The picture as it came."""
    return folder(record_id) / f'original{suffix}'


def make_folder(record_id: UUID) -> None:
    """Make a record's folder; of several that try at a time one succeeds.

    Raises:
        Refused: It is there.
    """
    try:
        folder(record_id).mkdir(parents=True)
    except FileExistsError as error:
        raise Refused(409, f'record {record_id} is just being sent: ask for it in a moment') from error


def save(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a file that is whole and on the disk, not in its cache, when this returns.

    Raises:
        OSError: The disk is full or not to be written; nothing is left behind.
    """
    with replacing(path) as file:
        for chunk in chunks:
            file.write(chunk)
    for parent in (path.parent, path.parent.parent, path.parent.parent.parent):  # their entries too
        sync_folder(parent)


def thumb(record_id: UUID) -> Path | None:
    """A small picture, made when it is first asked for; None as long as there is nothing to make it from."""
    path = folder(record_id) / THUMB
    if not path.is_file():
        if (large := _drawn(folder(record_id))) is None:
            return None
        large.thumbnail((THUMB_SIDE, THUMB_SIDE))
        save_jpeg(path, np.asarray(large)[..., ::-1], 80)
    return path


def _drawn(pictures: Path) -> Image.Image | None:
    """The picture under its heat map, or with its boxes where it has none."""
    view, heat, overlay = (pictures / name for name in (VIEW, HEAT, OVERLAY))
    if not (heat.is_file() and view.is_file()):
        return Image.open(overlay).convert('RGB') if overlay.is_file() else None
    below, above = Image.open(view).convert('RGB'), Image.open(heat).convert('RGBA')
    below.paste(above, mask=above.getchannel('A').point(lambda alpha: alpha * HEAT_OPACITY))
    return below


def save_jpeg(path: Path, pixels: np.ndarray, quality: int) -> None:
    """Write (H, W, 3) blue-green-red uint8 as JPEG; quality 0..100."""
    with replacing(path) as file:
        file.write(cv2.imencode('.jpg', pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())


def remove(record_id: UUID) -> None:
    """Delete everything of one record."""
    shutil.rmtree(folder(record_id), ignore_errors=True)


def remove_strangers(known: Collection[UUID]) -> int:
    """Delete folders without a record, which a killed station may have left behind; returns how many."""
    names = {record_id.hex for record_id in known}
    strangers = [path for path in Path(settings.MEDIA_ROOT).glob('??/*')
                 if _NAME.fullmatch(path.name) and path.name not in names]
    for path in strangers:
        shutil.rmtree(path, ignore_errors=True)
    return len(strangers)


def read_chunks(file: BinaryIO, size: int = 2**20) -> Iterable[bytes]:
    """The content of a file from its beginning."""
    file.seek(0)
    return iter(lambda: file.read(size), b'')

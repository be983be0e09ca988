"""Pictures from strangers: what they are is decided by decoding them, never by their name or content type."""
from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from numpy.typing import NDArray
from PIL import Image

from mminspect.core.errors import UserError
from mminspect.vision.decoding import open_image
from mminspect.vision.images import read_image
from mminspect.vision.tiff import CMYK, PHOTOMETRIC, TILE_HEIGHT, TILE_WIDTH, TiffHeader, white_of
from mminspect.vision.unusual import UnsoundImageError, UnusualImageError

from .containers import Kind, find_kind

_COLOURS = dict(CMYK='CMYK colours', LAB='Lab colours', F='floating-point numbers', I='32-bit numbers')
_BLOCK = 2**20
_SHOWN_LENGTH = 120
_PARTS = re.compile(r'[/\\]')
#: Pictures are decoded one at a time, so that the memory is that of one picture, however many are sent at once. And
#: Pillow's limits belong to the process, not to a thread.
_DECODING = threading.Lock()


@dataclass(frozen=True)
class Limits:
    """What one picture may be at most.

    Attributes:
        bytes: Size of its file, in bytes.
        pixels: Width times height. Decoding takes about 8 bytes of memory each, 25 for
            progressive JPEG and 30 for 16-bit colours.
        side: Width or height, in pixels.
    """

    bytes: int = 64 * 2**20
    pixels: int = 100_000_000
    side: int = 65_500


class UploadError(Exception):
    """A picture that is not taken.

    Attributes:
        status: HTTP status of the answer: 400 damaged, 413 too large, 415 no accepted kind of file, 422 a picture that
            cannot be inspected.
        message: One sentence for the sender.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass(frozen=True)
class CheckedUpload:
    """A picture that can be inspected.

    Attributes:
        pixels: (H, W, 3) RGB as :func:`mminspect.vision.images.read_image` gives them: its EXIF orientation is applied.
        extension: Ending of the name of a file with these bytes: '.png', '.jpg', '.bmp', '.tif', '.webp', '.jp2' or
            '.j2k'.
        content_type: Value of the HTTP header of this name.
        width: Number of pixels in a row.
        height: Number of rows.
    """

    pixels: NDArray
    extension: str
    content_type: str
    width: int
    height: int


def check_upload(file: BinaryIO, name: str, limits: Limits, folder: Path | None = None) -> CheckedUpload:
    """Find out whether these bytes are one picture that can be inspected, by decoding it.

    Accepted are PNG, JPEG, BMP, TIFF, WebP and JPEG 2000, grey, RGB, RGBA or with a palette, of up to 16 bits. Refused
    are animations and files of several pages, CMYK (its colours depend on a profile that decoders ignore), floating
    point and 32 bits (their value of white is unknown), and BMP with run lengths (slow to decode).

    Args:
        file: Read from its start if it can seek, at most one byte more than the limit.
        name: What the sender calls it: only for messages.
        limits: Size, before anything is decoded.
        folder: Folder for a temporary copy, which is gone afterwards; by default the system's.

    Raises:
        UploadError: It is not, or cannot be read; the message begins with the name.
        OSError: The copy cannot be written, which is no mistake of the sender.
    """
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix='upload-') as copy:
            _copy(file, copy, limits.bytes)
            with _DECODING:
                return _decoded(Path(copy.name), limits)
    except UploadError as error:
        raise UploadError(error.status, f'{shown_name(name)} {error.message}') from error


def shown_name(name: str, folder: str = '') -> str:
    """A sender's name of a file for messages and records: printable letters, at most 120.

    Args:
        name: Its last part is taken: what comes before is a path of the sender's machine.
        folder: Folders that the sender wants to be shown before it, with '/' between; of long ones the end.
    """
    name = _printable(_PARTS.split(name)[-1])[:_SHOWN_LENGTH].strip() or 'the file'
    folders = [part for part in map(_printable, _PARTS.split(folder)) if part.strip(' .')]
    shown = '/'.join([*folders, name])
    return shown if len(shown) <= _SHOWN_LENGTH else f'…{shown[1 - _SHOWN_LENGTH:]}'


def _printable(text: str) -> str:
    return ''.join(letter for letter in text if letter.isprintable())


def _copy(file: BinaryIO, copy: BinaryIO, limit: int) -> None:
    size = 0
    while block := _read(file, min(_BLOCK, limit + 1 - size), first=size == 0):
        size += len(block)
        if size > limit:
            raise UploadError(413, f'is larger than {limit / 2**20:.4g} MiB: send a smaller file')
        copy.write(block)
    if not size:
        raise UploadError(400, 'is empty: send it again')
    copy.flush()


def _read(file: BinaryIO, count: int, first: bool) -> bytes:
    try:
        if first and file.seekable():
            file.seek(0)
        return file.read(count)
    except Exception as error:
        raise UploadError(400, 'did not arrive: send it again') from error


def _decoded(path: Path, limits: Limits) -> CheckedUpload:
    with _refusing():
        kind = _sound(path.read_bytes())
        _check_header(path, limits)
        pixels = read_image(path)
    return CheckedUpload(pixels, kind.extension, kind.content_type, pixels.shape[1], pixels.shape[0])


@contextmanager
def _refusing() -> Iterator[None]:
    """Whatever a decoder raises, and on damaged data they raise everything, as an UploadError."""
    try:
        yield
    except UploadError:
        raise
    except (MemoryError, Image.DecompressionBombError) as error:
        raise UploadError(413, 'takes more memory than the station has: send a smaller picture') from error
    except Exception as error:
        cause = error.__cause__ if isinstance(error, UserError) else error
        if isinstance(cause, UnusualImageError):
            raise UploadError(422, f'is of an unusual kind ({cause}): save it as grey or RGB with 8 or 16 bits'
                              ) from error
        reason = f' ({cause})' if isinstance(cause, UnsoundImageError) else ''
        raise UploadError(400, f'is damaged{reason}: send it again, or save it anew first') from error


def _sound(data: bytes) -> Kind:
    kind = find_kind(data)
    if kind is None:
        raise UploadError(415, 'is no PNG, JPEG, BMP, TIFF, WebP or JPEG 2000 picture: save it as one of them')
    kind.check(data)
    return kind


def _check_header(path: Path, limits: Limits) -> None:
    """Everything that is known before the pixels are decoded."""
    with open(path, 'rb') as file, open_image(file) as (image, header):
        if header is None:
            _check_size(*image.size, 0, limits)
        else:
            # a tile is decoded as a whole, however little of it the picture shows
            tile = header.one(TILE_WIDTH, 1) * header.one(TILE_HEIGHT, 1)
            _check_size(*header.shape[::-1], tile, limits)
            _check_tiff(header)
        if image is not None:
            _check_content(image)


def _check_size(width: int, height: int, tile: int, limits: Limits) -> None:
    if max(width, height) > limits.side:
        raise UploadError(413, f'has {width} x {height} pixels, and {limits.side} is the longest side that is taken: '
                               'send a smaller picture')
    if max(width * height, tile) > limits.pixels:
        raise UploadError(413, f'has {max(width * height, tile) / 1e6:.4g} megapixels, and {limits.pixels / 1e6:.4g} '
                               'are the most that is taken: send a smaller picture')


def _check_tiff(header: TiffHeader) -> None:
    if not header.alone:
        raise UploadError(422, 'holds several pictures: send each as a file of its own')
    kind = header.dtype.kind
    what = (_COLOURS['CMYK'] if header.one(PHOTOMETRIC, 1) == CMYK else _COLOURS['F'] if kind == 'f' else
            'signed numbers' if kind == 'i' else _COLOURS['I'] if white_of(header) is None else None)
    if what:
        raise UploadError(422, f'has {what}: save it as grey or RGB with 8 or 16 bits')


def _check_content(image: Image.Image) -> None:
    if image.format != 'MPO' and getattr(image, 'is_animated', False):  # an MPO is a JPEG with a preview behind it
        raise UploadError(422, 'holds several pictures: send each as a file of its own')
    if image.mode in _COLOURS:
        raise UploadError(422, f'has {_COLOURS[image.mode]}: save it as grey or RGB with 8 or 16 bits')
    if image.format == 'BMP' and image.tile[0].codec_name == 'bmp_rle':
        raise UploadError(422, 'is a compressed BMP: save it as PNG')

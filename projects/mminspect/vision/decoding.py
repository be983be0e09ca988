"""From a file to numbers: the one place where the pixels of images are decoded, whoever asks for them.

Pillow decodes strictly: a truncated file is an error, where OpenCV fills the rest with grey. But it silently reduces
colour of 16 bits to 8, so those pixels are OpenCV's part, and deep TIFFs are read by :mod:`.tiff`. And it compares no
check sum of a PNG's pixels and says nothing of a file whose pixels end early with a proper end behind them: that is
looked at in :mod:`.png` and :mod:`.jpeg`.
"""
from __future__ import annotations

import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from . import png, tiff
from .jpeg import ends_early
from .tiff import TiffHeader, turned, turned_back
from .unusual import UnsoundImageError, UnusualImageError

#: Tag of EXIF and of TIFF.
EXIF_ORIENTATION = 0x0112
#: As many as OpenCV accepts. Pillow's own limit, meant against hostile files, stops line scans.
MAXIMUM_PIXELS = 2**30
#: What files may be, whatever they are called. Pillow knows more, some of which run other programs.
FORMATS = ('PNG', 'JPEG', 'BMP', 'DIB', 'TIFF', 'WEBP', 'JPEG2000', 'PPM', 'GIF')  # MPO comes through JPEG
#: Orientations that exchange the sides.
QUARTERS = (5, 6, 7, 8)
#: What decoders raise on damaged data.
DAMAGED = (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError, AttributeError,
           OverflowError, ZeroDivisionError, struct.error, cv2.error)
_GREY = ('1', 'L', 'LA', 'La')
#: Pixels that are converted at a time.
_BAND = 2**22


@dataclass(frozen=True)
class Decoded:
    """An image in its file's own numbers.

    Attributes:
        pixels: (H, W) grey or (H, W, 3) RGB.
        white: Value of white where the file says it, else None.
        white_is_zero: Whether 0 is white and ``white`` is black.
        lossy: Whether the file is of a kind that blurs edges, as JPEG does.
    """

    pixels: np.ndarray
    white: float | None
    white_is_zero: bool = False
    lossy: bool = False


@dataclass(frozen=True)
class Header:
    """What is known of an image before its pixels are decoded.

    Attributes:
        size: (width, height) as the image is loaded.
        kind: Name of the format in Pillow.
        orientation: As EXIF says it, 1 to 8; 1 is upright.
        bits: Of one channel.
        common: Whether decoders of other packages, OpenCV's among them, give the same pixels.
    """

    size: tuple[int, int]
    kind: str
    orientation: int = 1
    bits: int = 8
    common: bool = True


@contextmanager
def large_images() -> Iterator[None]:
    """Let Pillow open images of up to :data:`MAXIMUM_PIXELS`."""
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = MAXIMUM_PIXELS // 2  # it warns from here on and refuses from twice as many
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def read_header(file: BinaryIO, orientation: bool = True) -> Header:
    """What the file says of itself; nothing is decoded.

    Raises:
        UnidentifiedImageError: It is no image.
        UnusualImageError: It is one that is refused.
        OSError, ValueError, SyntaxError...: It is damaged.
    """
    with open_image(file) as (image, header):
        if image is None:
            return _tiff_header(header, orientation)
        turn, bits = _orientation(image, file, header), _bits(image, file, header)
        size = header.shape[::-1] if header is not None else image.size
        size = size[::-1] if orientation and turn in QUARTERS else size
        return Header(size, image.format or '', turn, bits, bits <= 8 and _is_common(image, turn))


def decode(file: BinaryIO, orientation: bool = True) -> Decoded:
    """The pixels of an image; of a TIFF with several pages the first.

    Args:
        file: Opened, at any place.
        orientation: Whether the image is turned as its EXIF data asks for.

    Raises:
        As :func:`read_header`.
    """
    with open_image(file) as (image, header):
        return _decode_tiff(file, header, orientation) if image is None else _decode_image(
            image, file, header, orientation)


@contextmanager
def open_image(file: BinaryIO) -> Iterator[tuple[Image.Image | None, TiffHeader | None]]:
    """The image in Pillow, or None for a TIFF that is not read by it; and the header of a TIFF. Nothing is decoded.

    Pillow gets a file, not a path: it would map an uncompressed TIFF into memory, and mix up its sides where the TIFF's
    orientation turns it by a quarter (version 13.0).
    """
    header = tiff.read_header(file, os.fstat(file.fileno()).st_size)
    if header is not None:
        tiff.check_depth(header)
    if header is not None and (header.bits > 8 or not header.unsigned or tiff.is_misread_by_pillow(header)):
        yield None, header
        return
    with large_images(), warnings.catch_warnings():
        warnings.simplefilter('ignore')  # remarks about damaged tags
        file.seek(0)
        try:
            image = Image.open(file, formats=FORMATS)
        except UnidentifiedImageError:
            if header is None:
                raise
            image = None
        if image is None:
            yield None, header
            return
        with image:
            if image.format == 'PNG' and image.mode == 'P' and image.palette is None:
                raise UnsoundImageError('its palette is missing')
            yield image, header


def _tiff_header(header: TiffHeader, orientation: bool) -> Header:
    height, width = header.shape
    if height * width > MAXIMUM_PIXELS:
        raise Image.DecompressionBombError(f'{width}x{height} pixels')
    size = (height, width) if orientation and header.orientation in QUARTERS else (width, height)
    return Header(size, 'TIFF', header.orientation, header.bits, common=False)


def _decode_tiff(file: BinaryIO, header: TiffHeader, orientation: bool) -> Decoded:
    _tiff_header(header, orientation)  # for the limit of its size
    file.seek(0)
    samples = tiff.read_samples(header, file.read())
    pixels = tiff.to_grey_or_rgb(header, samples)
    white, inverse = tiff.white_of(header), header.one(tiff.PHOTOMETRIC, tiff.BLACK_IS_ZERO) == tiff.WHITE_IS_ZERO
    if pixels.dtype == np.uint8 and white != 255:
        pixels, white = np.rint(pixels * (255 / white)).astype(np.uint8), 255.0
    return Decoded(turned(pixels, header.orientation) if orientation else pixels, white, inverse)


def _decode_image(image: Image.Image, file: BinaryIO, header: TiffHeader | None, orientation: bool) -> Decoded:
    bits, lossy, turn = _bits(image, file, header), _is_lossy(image, file, header), _orientation(image, file, header)
    pixels, white = _pixels(image, file, bits)
    _check_whole(image, file, pixels)
    if header is None:
        pixels = turned(pixels, turn) if orientation else pixels
    elif not orientation:  # Pillow turns a TIFF in any case
        pixels = turned_back(pixels, turn)
    return Decoded(pixels, white, lossy=lossy)


def _pixels(image: Image.Image, file: BinaryIO, bits: int) -> tuple[np.ndarray, float | None]:
    """Pixels as Pillow or OpenCV give them, and the value of white."""
    if image.mode == 'LAB':
        raise UnusualImageError('Lab colours')
    image.load()  # here for its strictness
    if bits > 8 and image.mode in ('RGB', 'RGBA'):
        return _decode_deep_colour(file), 2 ** bits - 1
    if image.mode.startswith('I') or image.mode == 'F':
        return _array(image, image.mode), 2 ** bits - 1 if 8 < bits <= 16 else None
    return _array(image, 'L' if image.mode in _GREY else 'RGB'), 255


def _check_whole(image: Image.Image, file: BinaryIO, pixels: np.ndarray) -> None:
    """Raise UnsoundImageError for damage that Pillow shows as pixels: zeros in a PNG, grey in a JPEG.

    Args:
        image: Loaded.
        file: Of it.
        pixels: Of it, as they lie in the file; deep ones may come from another decoder.
    """
    if image.format == 'PNG':
        data = _content(file)
        png.check_parts(data)
        last = pixels[-1] if pixels.dtype == np.uint8 else np.asarray(image.crop((0, image.height - 1, *image.size)))[0]
        if image.info.get('interlace') or (last == last[0]).all():  # rows that are missing stay zero
            png.check_length(data)
    elif image.format in ('JPEG', 'MPO') and ends_early(_content(file), pixels if image.mode in ('L', 'RGB') else None):
        raise UnsoundImageError('its end is missing')


def _array(image: Image.Image, mode: str) -> np.ndarray:
    """Pixels in a mode, by bands: Pillow's conversion and NumPy's reading of a whole scan hold four copies of it."""
    width, height = image.size
    rows = max(1, _BAND // width)
    pixels = None
    for y in range(0, height, rows):
        band = image if rows >= height else image.crop((0, y, width, min(y + rows, height)))
        band = np.asarray(band if band.mode == mode else band.convert(mode))
        if pixels is None:
            pixels = np.empty((height, *band.shape[1:]), band.dtype)
        pixels[y:y + rows] = band
    return pixels


def _bits(image: Image.Image, file: BinaryIO, header: TiffHeader | None) -> int:
    """Bits of one channel: Pillow's mode does not tell for colour."""
    if header is not None:
        return header.bits
    if image.format == 'PNG':
        return bytes_at(file, 24, 1)[0]
    if image.format == 'JPEG2000':
        return _bits_of_jpeg2000(bytes_at(file, 0, _BOXES))
    if image.format == 'PPM' and image.mode.startswith(('I', 'F')):
        raise UnusualImageError(f'a {image.format} file of more than 8 bits')
    return 8


#: Bytes at the end of a PNG that hold what comes behind the pixels.
_END_OF_PNG = 2**14
#: The boxes before the pixels of a JPEG 2000 file are within so many bytes of its start.
_BOXES = 2**17
_SIZE_MARKER, _CODING_MARKER = b'\xff\x4f\xff\x51', b'\xff\x52'


def _bits_of_jpeg2000(data: bytes) -> int:
    """From the marker SIZ at the start of the code stream (ISO/IEC 15444-1, A.5.1)."""
    start = data.find(_SIZE_MARKER)
    depths = data[start + 42:start + 42 + 3 * int.from_bytes(data[start + 40:start + 42], 'big'):3]
    if start < 0 or not depths:
        raise ValueError('the description of its pixels is missing')
    if len(set(depths)) > 1 or depths[0] not in (7, 15):
        raise UnusualImageError(f'JPEG 2000 of {(depths[0] & 127) + 1} {"signed " if depths[0] > 127 else ""}bits')
    return depths[0] + 1


def _is_lossy(image: Image.Image, file: BinaryIO, header: TiffHeader | None) -> bool:
    if header is not None:
        return header.one(tiff.COMPRESSION, 1) in (6, 7)
    if image.format == 'WEBP':
        return b'VP8L' not in bytes_at(file, 0, 64)
    if image.format == 'JPEG2000':  # its wavelet: 0 is that of 9-7, which rounds
        data = bytes_at(file, 0, _BOXES)
        place = data.find(_CODING_MARKER, max(0, data.find(_SIZE_MARKER)))
        return data[place + 13:place + 14] == b'\0'
    return image.format in ('JPEG', 'MPO')


def _is_common(image: Image.Image, orientation: int) -> bool:
    """Of 8 bits, whether OpenCV gives the same pixels."""
    if image.format in ('JPEG', 'MPO'):
        return image.mode in ('L', 'RGB')
    if image.format == 'PNG':
        return orientation == 1 and not getattr(image, 'is_animated', False)
    return orientation == 1 and ((image.format in ('BMP', 'TIFF') and image.mode in ('L', 'RGB', 'P'))
                                 or (image.format == 'WEBP' and not getattr(image, 'is_animated', False)))


def _orientation(image: Image.Image, file: BinaryIO, header: TiffHeader | None) -> int:
    """As EXIF says; what XMP says is nobody's business here, since OpenCV does not ask it."""
    if header is not None:
        return header.orientation
    data = image.info.get('exif') or (_exif_of_png(file) if image.format == 'PNG' else None)
    if not data:
        return 1
    exif = Image.Exif()
    try:
        exif.load(data)
        found = exif.get(EXIF_ORIENTATION, 1)
    except DAMAGED:
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _exif_of_png(file: BinaryIO) -> bytes | None:
    """Content of a chunk eXIf that comes behind the pixels, where Pillow finds it only when it has decoded them."""
    length = os.fstat(file.fileno()).st_size
    tail = bytes_at(file, max(0, length - _END_OF_PNG), _END_OF_PNG)
    place = tail.rfind(b'eXIf')
    if place < 4:
        return None
    end = place + 4 + int.from_bytes(tail[place - 4:place], 'big')
    whole = zlib.crc32(tail[place:end]) == int.from_bytes(tail[end:end + 4], 'big')
    return tail[place + 4:end] if whole else None


def _decode_deep_colour(file: BinaryIO) -> np.ndarray:
    data = np.frombuffer(_content(file), np.uint8)
    pixels = cv2.imdecode(data, cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None:
        raise ValueError('OpenCV cannot decode it')
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def _content(file: BinaryIO) -> bytes:
    return bytes_at(file, 0, os.fstat(file.fileno()).st_size)


def bytes_at(file: BinaryIO, start: int, count: int) -> bytes:
    """At most ``count`` bytes from ``start`` on; the place in the file stays as it was."""
    position = file.tell()
    file.seek(start)
    data = file.read(count)
    file.seek(position)
    return data

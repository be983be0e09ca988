"""Numbers in TIFF files as industrial cameras write them, in the file's own type.

Pillow reads a TIFF of 8 bits well, but for some uncompressed ones in planes. Of deeper ones it reduces colour to 8
bits, mixes up separate planes, takes signed and floating-point numbers of compressed big-endian files in the wrong
order of bytes, and does not know others at all. OpenCV shifts packed bits and mixes up separate planes as well. So the
numbers are read here, as TIFF 6.0 (Adobe, 1992) and the BigTIFF of libtiff lay them out: uncompressed or deflated, in
strips or tiles, side by side or in planes, in both orders of bytes, packed or not. Other compressions are left to
OpenCV's libtiff, for the forms that it reads rightly. Sizes are checked before anything is allocated, so that no small
file takes much memory.
"""
from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

import cv2
import numpy as np

from .unusual import UnusualImageError

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER = 256, 257, 258, 259, 262, 266
STRIP_OFFSETS, ORIENTATION, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES, PLANES = 273, 274, 277, 278, 279, 284
PREDICTOR, TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES = 317, 322, 323, 324, 325
EXTRA_SAMPLES, SAMPLE_FORMAT = 338, 339

#: How many numbers a tag may have; others are not read. A small file can name the same numbers in many tags.
_MOST_NUMBERS = {
    **dict.fromkeys((WIDTH, HEIGHT, COMPRESSION, PHOTOMETRIC, FILL_ORDER, ORIENTATION, SAMPLES, ROWS_PER_STRIP, PLANES,
                     PREDICTOR, TILE_WIDTH, TILE_HEIGHT), 1),
    **dict.fromkeys((BITS, EXTRA_SAMPLES, SAMPLE_FORMAT), 64),
    **dict.fromkeys((STRIP_OFFSETS, STRIP_BYTES, TILE_OFFSETS, TILE_BYTES), 2**20)}
#: Tags of a page.
_MOST_TAGS = 4096
#: Values of PHOTOMETRIC.
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, CMYK = 0, 1, 2, 5
#: Value of EXTRA_SAMPLES: colours are multiplied by alpha.
PREMULTIPLIED = 1
_UNSIGNED, _SIGNED, _FLOAT, _UNDEFINED = 1, 2, 3, 4
_NONE, _DEFLATE = 1, (8, 32946)
#: Compressions that are left to libtiff: LZW, PackBits, LZMA, Zstandard, and deflated numbers with other predictors.
_OTHERS = (5, 32773, 34925, 50000, *_DEFLATE)
#: Codes of types in struct, by TIFF's number of the type; those of text, fractions and floats are of no use here.
_TYPES = {1: 'B', 3: 'H', 4: 'I', 6: 'b', 8: 'h', 9: 'i', 16: 'Q', 17: 'q', 13: 'I', 18: 'Q'}
_MAGIC = {b'II*\0': ('<', False), b'MM\0*': ('>', False), b'II+\0': ('<', True), b'MM\0+': ('>', True)}
#: Longer sides of tiles than this and the image's are hardly meant.
_TILE_SIDE = 4096
#: Samples of a pixel: CMYK, and one more.
_MOST_SAMPLES = 5
#: zlib makes at most so many bytes of one (its documentation: 1032).
_EXPANSION = 1040


@dataclass(frozen=True)
class TiffHeader:
    """The first page of a TIFF, as its directory describes it.

    Attributes:
        order: '<' for little-endian numbers, '>' for big-endian ones.
        tags: Values by number of the tag; those that say nothing of the pixels are left out.
        alone: Whether no page follows.
    """

    order: str
    tags: dict[int, tuple[int, ...]]
    alone: bool = True

    def one(self, tag: int, default: int) -> int:
        """The first value of a tag."""
        return self.tags.get(tag, (default, ))[0]

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) as the pixels lie in the file; ValueError where that is not said."""
        height, width = self.one(HEIGHT, 0), self.one(WIDTH, 0)
        if height < 1 or width < 1:
            raise ValueError(f'it has {width}x{height} pixels')
        return height, width

    @property
    def orientation(self) -> int:
        """As of EXIF: 1 to 8, 1 where there is none."""
        found = self.one(ORIENTATION, 1)
        return found if 1 <= found <= 8 else 1

    @property
    def bits(self) -> int:
        """Of a sample, the most of them where they differ."""
        return max(self.tags.get(BITS, (1, )))

    @property
    def unsigned(self) -> bool:
        """Whether all samples are unsigned whole numbers."""
        return set(self.tags.get(SAMPLE_FORMAT, (_UNSIGNED, ))) <= {_UNSIGNED, _UNDEFINED}

    @cached_property
    def dtype(self) -> np.dtype:
        """Type of the samples in memory; packed ones get the next larger.

        Raises:
            UnusualImageError: Samples of several types, or of a type that no array has.
        """
        bits, formats = set(self.tags.get(BITS, (1, ))), set(self.tags.get(SAMPLE_FORMAT, (_UNSIGNED, )))
        if len(bits) > 1 or len(formats) > 1:
            raise UnusualImageError('channels of several depths')
        bit, kind = bits.pop(), {_UNDEFINED: 'u', _UNSIGNED: 'u', _SIGNED: 'i', _FLOAT: 'f'}.get(formats.pop())
        if kind == 'u' and 1 <= bit <= 16:
            return np.dtype(np.uint8 if bit <= 8 else np.uint16)
        if kind is None or bit not in {'u': (32, 64), 'i': (8, 16, 32, 64), 'f': (16, 32, 64)}[kind]:
            raise UnusualImageError(f'numbers of {bit} bits')
        return np.dtype(f'{kind}{bit // 8}')


def read_header(file: BinaryIO, length: int) -> TiffHeader | None:
    """The directory of the first page; None if the file is no TIFF.

    Args:
        file: Seekable, anywhere.
        length: Of the file, in bytes.

    Raises:
        ValueError, struct.error: The directory is damaged.
    """
    file.seek(0)
    start = file.read(16)
    if start[:4] not in _MAGIC:
        return None
    order, big = _MAGIC[start[:4]]
    position, = struct.unpack_from(order + ('Q' if big else 'I'), start, 8 if big else 4)
    file.seek(position)
    count, = struct.unpack(order + ('Q' if big else 'H'), file.read(8 if big else 2))
    entry = 20 if big else 12
    if count > _MOST_TAGS or count * entry > length:
        raise ValueError('its directory is damaged')
    entries = file.read(count * entry)
    if len(entries) < count * entry:
        raise ValueError('its directory is cut off')
    following = file.read(8 if big else 4)
    tags: dict[int, tuple[int, ...]] = {}
    for number in range(count):
        tag, = struct.unpack_from(order + 'H', entries, number * entry)
        if tag in _MOST_NUMBERS and tag not in tags:
            values = _numbers_of_tag(file, entries[number * entry:(number + 1) * entry], order, big, length)
            tags.update({tag: values} if values else {})
    return TiffHeader(order, tags, not any(following))


def _numbers_of_tag(file: BinaryIO, entry: bytes, order: str, big: bool, length: int) -> tuple[int, ...]:
    """None where its type is of no use."""
    tag, kind, count = struct.unpack_from(order + ('HHQ' if big else 'HHI'), entry)
    if kind not in _TYPES or not count:
        return ()
    form = f'{order}{count}{_TYPES[kind]}' if count <= _MOST_NUMBERS[tag] else ''
    if not form or struct.calcsize(form) > length:
        raise ValueError(f'its tag {tag} has {count} numbers')
    data = entry[12 if big else 8:]
    if struct.calcsize(form) > len(data):
        file.seek(struct.unpack(order + ('Q' if big else 'I'), data)[0])
        data = file.read(struct.calcsize(form))
    return struct.unpack_from(form, data)


def check_depth(header: TiffHeader) -> None:
    """Refuse uncompressed pixels that take exactly the bytes of another depth than the directory says.

    Programs say the 12 bits of the sensor and write words of 16, or count only some of the channels.

    Raises:
        UnusualImageError: They do; the message says both depths.
        ValueError: The directory says no size.
    """
    (height, width), samples, bits = header.shape, header.one(SAMPLES, 1), header.bits
    counts = header.tags.get(STRIP_BYTES, ())
    if header.one(COMPRESSION, _NONE) != _NONE or not counts or len(set(header.tags.get(BITS, (1, )))) > 1:
        return
    rows = min(header.one(ROWS_PER_STRIP, height), height)
    numbers = width * (1 if header.one(PLANES, 1) == 2 else samples)
    needed = {depth: rows * -(-numbers * depth // 8) for depth in (bits, 8, 16, 32, 64) if depth >= bits}
    held = next((depth for depth, count in needed.items() if count == counts[0]), bits)
    if held != bits:
        raise UnusualImageError(f'{bits} bits by its header, {held} by the bytes of its pixels')


def is_misread_by_pillow(header: TiffHeader) -> bool:
    """Whether Pillow takes uncompressed pixels of 8 bits at most for other numbers than they are (version 13.0).

    It reads planes by the names of their channels alone, as bytes in the usual order of bits, of which 0 is black. One
    channel is a plane too if the file says so. And it has no word for 8 bits in the other order of which 0 is white.
    """
    if header.one(COMPRESSION, _NONE) != _NONE:
        return False
    reverse, inverse = header.one(FILL_ORDER, 1) == 2, header.one(PHOTOMETRIC, BLACK_IS_ZERO) == WHITE_IS_ZERO
    if header.one(PLANES, 1) == 2:
        return header.bits < 8 or reverse or inverse
    return header.bits == 8 and reverse and inverse


def read_samples(header: TiffHeader, data: bytes) -> np.ndarray:
    """Numbers (H, W) or (H, W, S) as they lie in the file.

    Args:
        header: Of the file.
        data: The whole file.

    Raises:
        ValueError: It is damaged.
        UnusualImageError: It is of a form that is not read.
    """
    compression, predictor = header.one(COMPRESSION, _NONE), header.one(PREDICTOR, 1)
    if compression == _NONE or (compression in _DEFLATE and predictor in (1, 2)):
        return _read_segments(header, data, compression != _NONE, compression != _NONE and predictor == 2)
    return _read_with_opencv(header, data)


@dataclass(frozen=True)
class _Grid:
    """How segments (strips, or tiles) cover the image: their sides, and for each of them its place in the file."""

    height: int
    width: int
    segments: tuple[tuple[int, int], ...]
    tiled: bool


def _grid(header: TiffHeader, planes: int) -> _Grid:
    height, width = header.shape
    tiled = TILE_OFFSETS in header.tags
    rows = header.one(TILE_HEIGHT, 0) if tiled else min(header.one(ROWS_PER_STRIP, height), height)
    columns = header.one(TILE_WIDTH, 0) if tiled else width
    if rows < 1 or columns < 1:
        raise ValueError('its strips or tiles have no size')
    if rows > max(height, _TILE_SIDE) or columns > max(width, _TILE_SIDE):
        raise ValueError('its tiles are much larger than the image')
    offsets = header.tags.get(TILE_OFFSETS if tiled else STRIP_OFFSETS, ())
    counts = header.tags.get(TILE_BYTES if tiled else STRIP_BYTES, ())
    needed = planes * -(-height // rows) * -(-width // columns)
    if not needed <= len(offsets) == len(counts):
        raise ValueError(f'it has {len(offsets)} strips or tiles of {needed}')
    return _Grid(rows, columns, tuple(zip(offsets, counts, strict=True))[:needed], tiled)


def _read_segments(header: TiffHeader, data: bytes, deflated: bool, differences: bool) -> np.ndarray:
    (height, width), samples = header.shape, header.one(SAMPLES, 1)
    if samples < 1 or len(header.tags.get(BITS, (1, ))) not in (1, samples):
        raise ValueError(f'it has {samples} samples a pixel')
    if samples > _MOST_SAMPLES:
        raise UnusualImageError(f'{samples} channels')
    planes = samples if header.one(PLANES, 1) == 2 else 1
    together = samples // planes
    grid = _grid(header, planes)
    row = -(-grid.width * together * header.bits // 8)  # rows begin with a byte
    decoded = row * (len(grid.segments) * grid.height if grid.tiled else planes * height)
    if decoded > len(data) * (_EXPANSION if deflated else 1):
        raise ValueError('pixels are missing')
    found = np.empty((height, width, samples), header.dtype)
    across, down = -(-width // grid.width), -(-height // grid.height)
    for number, (offset, count) in enumerate(grid.segments):
        plane, (y, x) = number // (across * down), divmod(number % (across * down), across)
        y, x = y * grid.height, x * grid.width
        rows = grid.height if grid.tiled else min(grid.height, height - y)
        segment = _segment(data, offset, count, rows * row, deflated)
        pixels = _numbers(segment, header, rows, grid.width * together).reshape(rows, grid.width, together)
        if differences:
            pixels = np.cumsum(pixels, axis=1, dtype=pixels.dtype)
        part = found[y:y + rows, x:x + grid.width, plane * together:(plane + 1) * together]
        part[:] = pixels[:part.shape[0], :part.shape[1]]
    return found[..., 0] if samples == 1 else found


def _segment(data: bytes, offset: int, count: int, wanted: int, deflated: bool) -> bytes:
    """The ``wanted`` bytes of a strip or tile."""
    if offset + count > len(data):
        raise ValueError('pixels are missing')
    segment = data[offset:offset + count]
    if deflated:
        try:
            segment = zlib.decompressobj().decompress(segment, wanted)
        except zlib.error as error:
            raise ValueError(str(error)) from error
    if len(segment) < wanted:
        raise ValueError('pixels are missing')
    return segment[:wanted]


def _numbers(segment: bytes, header: TiffHeader, rows: int, columns: int) -> np.ndarray:
    """(rows, columns) numbers of a strip or tile, in the order of bytes of this machine."""
    bits = header.bits
    reversed_bits = header.one(FILL_ORDER, 1) == 2
    if bits == 8 and reversed_bits:
        segment = np.packbits(np.unpackbits(np.frombuffer(segment, np.uint8), bitorder='little')).tobytes()
    elif bits > 8 and not bits % 8 and reversed_bits:
        raise UnusualImageError('bits in reverse order')
    if bits >= 8 and not bits % 8:
        return np.frombuffer(segment, header.dtype.newbyteorder(header.order)).astype(header.dtype).reshape(
            rows, columns)
    packed = np.frombuffer(segment, np.uint8).reshape(rows, -1)
    single = np.unpackbits(packed, axis=1, count=columns * bits, bitorder='little' if reversed_bits else 'big')
    size = 8 * header.dtype.itemsize
    padded = np.zeros((rows * columns, size), np.uint8)
    padded[:, size - bits:] = single.reshape(rows * columns, bits)
    return np.packbits(padded).view(header.dtype.newbyteorder('>')).astype(header.dtype).reshape(rows, columns)


def _read_with_opencv(header: TiffHeader, data: bytes) -> np.ndarray:
    """Through libtiff, which knows more compressions."""
    samples, photometric = header.one(SAMPLES, 1), header.one(PHOTOMETRIC, BLACK_IS_ZERO)
    known = header.bits > 8 and header.bits == 8 * header.dtype.itemsize and header.dtype.name in (
        'uint16', 'int16', 'int32', 'float32', 'float64')
    grey = photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO) and samples == 1
    colour = photometric == RGB and samples in (3, 4) and header.one(PLANES, 1) == 1
    if header.one(COMPRESSION, _NONE) not in _OTHERS or not known or not (grey or colour):
        raise UnusualImageError(f'compression {header.one(COMPRESSION, _NONE)} of {header.dtype.name} numbers')
    _grid_is_inside(header, len(data))
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    expected = header.shape if header.orientation < 5 else header.shape[::-1]
    if pixels is None or pixels.shape[:2] != expected or pixels.dtype != header.dtype:
        raise ValueError('OpenCV cannot decode it')
    if pixels.ndim == 3:
        pixels = pixels[..., [2, 1, 0, 3][:pixels.shape[2]]]
    return turned_back(pixels, header.orientation)  # OpenCV turns a TIFF in any case


def _grid_is_inside(header: TiffHeader, length: int) -> None:
    if any(offset + count > length for offset, count in _grid(header, 1).segments):
        raise ValueError('pixels are missing')


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Pixels (H, W) or (H, W, C) as they lie in a file, turned as an orientation of EXIF (1 to 8) asks for."""
    if orientation > 4:
        pixels = pixels.swapaxes(0, 1)
    rows, columns = _FLIPS.get(orientation, (1, 1))
    return pixels[::rows, ::columns]


def turned_back(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """The reverse of :func:`turned`."""
    rows, columns = _FLIPS.get(orientation, (1, 1))
    pixels = pixels[::rows, ::columns]
    return pixels.swapaxes(0, 1) if orientation > 4 else pixels


#: Which axes are reversed, behind the exchange of the sides from 5 on.
_FLIPS = {2: (1, -1), 3: (-1, -1), 4: (-1, 1), 6: (1, -1), 7: (-1, -1), 8: (-1, 1)}


def to_grey_or_rgb(header: TiffHeader, samples: np.ndarray) -> np.ndarray:
    """Samples as (H, W) grey or (H, W, 3) RGB of the same range; ``white is zero`` is left as it is.

    Alpha and other further channels are dropped, colours that were multiplied by alpha are divided by it.

    Raises:
        UnusualImageError: Other colours.
    """
    photometric, count = header.one(PHOTOMETRIC, BLACK_IS_ZERO), 1 if samples.ndim == 2 else samples.shape[2]
    extras = header.tags.get(EXTRA_SAMPLES, ())
    own = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, CMYK: 4}.get(photometric)
    if own is None or count < own:
        raise UnusualImageError(f'colours of kind {photometric} with {header.bits} bits')
    if count == 1:
        return samples
    if own == 1 and count > 2 and len(extras) < count - 1:  # one more is alpha, three are hardly grey
        raise UnusualImageError(f'grey by its header, with {count} channels')
    if photometric == CMYK:
        return _from_cmyk(samples[..., :4])
    colours = samples[..., 0] if own == 1 else samples[..., :own]
    if PREMULTIPLIED in extras[:1] and count > own:
        return _divided(colours, samples[..., own], header)
    return colours


def _from_cmyk(samples: np.ndarray) -> np.ndarray:
    if samples.dtype.kind != 'u':
        raise UnusualImageError(f'CMYK colours of {samples.dtype.name} numbers')
    white = np.iinfo(samples.dtype).max
    left = white - samples.astype(np.float64)
    return np.rint(left[..., :3] * left[..., 3:] / white).astype(samples.dtype)


def _divided(colours: np.ndarray, alpha: np.ndarray, header: TiffHeader) -> np.ndarray:
    if colours.dtype.kind != 'u' or header.one(PHOTOMETRIC, BLACK_IS_ZERO) == WHITE_IS_ZERO:
        raise UnusualImageError('colours that are multiplied by alpha')
    alpha = alpha.astype(np.float64) if colours.ndim == 2 else alpha[..., None].astype(np.float64)
    white = 2 ** header.bits - 1
    with np.errstate(divide='ignore', invalid='ignore'):
        whole = np.where(alpha > 0, np.rint(colours * (white / alpha)), 0)
    return np.minimum(whole, white).astype(colours.dtype)


def white_of(header: TiffHeader) -> float | None:
    """Value of white where the type says it; None for signed, floating-point and 32-bit numbers."""
    return float(math.ldexp(1, header.bits) - 1) if header.unsigned and header.bits <= 16 else None

"""Does a JPEG hold all of its pixels? Decoders fill what is missing with grey and say nothing."""
from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image

#: Markers (ISO/IEC 10918-1, table B.1): start of a scan, after which coded pixels come, and end of the picture.
SCAN, END = 0xda, 0xd9
#: Markers without content.
_ALONE = (0x01, 0xd8, END)
#: Markers of the frame: one scan or a few, and many that refine it; both of Huffman codes.
_SEQUENTIAL, _PROGRESSIVE = (0xc0, 0xc1), 0xc2
#: Markers of frames of any coding.
_FRAMES = {*range(0xc0, 0xd0)} - {0xc4, 0xc8, 0xcc}
#: A marker within coded pixels and elsewhere: no stuffed zero, no restart, no filling.
_MARKER = re.compile(rb'\xff[^\x00\xd0-\xd7\xff]')
#: Pixels of a block, and the grey that decoders fill in for one that is missing.
_BLOCK, _GREY = 8, 128
#: Pixels of a picture of which every block counts.
_SMALL = 2**14
#: By which the brightness of a grey pixel may differ behind the conversion to RGB.
_ROUNDING = 2
#: Bytes that mean something, whatever the Huffman tables, to a decoder that still waits for pixels; and again behind
#: each of the marks that it may wait for where the pixels come in intervals.
_BYTES = bytes(np.random.default_rng(0).integers(0, 255, 64, np.uint8))
_NOISE = _BYTES + b''.join(bytes([0xff, 0xd0 + number % 8]) + _BYTES for number in range(16))


class Segment(NamedTuple):
    """A part of a JPEG: its marker, where that stands, and where the content behind it ends.

    Behind the content of a :data:`SCAN` coded pixels stand up to the next segment; anything else between two segments
    belongs to none, and decoders pass over it.
    """

    marker: int
    start: int
    end: int


def segments(jpeg: bytes) -> Iterator[Segment]:
    """The segments behind the first marker, up to the end mark or, where there is none, as far as the bytes go."""
    position = 2
    while found := _MARKER.search(jpeg, position):
        start, marker = found.start(), jpeg[found.start() + 1]
        position = start + 2
        if marker not in _ALONE:
            position += int.from_bytes(jpeg[position:position + 2], 'big')
        yield Segment(marker, start, position)
        if marker == END:
            return


def ends_early(jpeg: bytes, decoded: np.ndarray | None = None) -> bool:
    """Whether pixels are missing: the file was cut off, or its coded pixels stop short of the end mark.

    Where the last block of a picture of one scan is not of the grey that decoders fill in, its pixels are there; of a
    file the brightness of blocks of 8 x 8 is decoded for this. Else the picture is decoded once more, with more bytes
    before the end marks: they change nothing where every pixel is there, and become pixels where some are missing. A
    progressive file without its last scans is a coarser picture, and whole.

    What is lost within the last 16 x 16 pixels alone is seen in small pictures, in others where those pixels are grey.

    Args:
        jpeg: A file that can be decoded.
        decoded: (H, W) grey or (H, W, 3) RGB pixels of the whole picture or of its last block, not turned, where they
            are at hand: they spare most pictures any decoding, and others one. None for CMYK, of which the grey is
            another.
    """
    frame, pixels, ends, in_scan, marker = 0, 0, [], False, 0
    for marker, start, _ in segments(jpeg):
        ends += [start] if in_scan else []
        in_scan = marker == SCAN
        if marker in _FRAMES:
            frame, sides = marker, jpeg[start + 5:start + 9]
            pixels = int.from_bytes(sides[:2], 'big') * int.from_bytes(sides[2:], 'big')
    if marker != END or not ends:
        return True
    if frame not in (*_SEQUENTIAL, _PROGRESSIVE):
        return False  # arithmetic codes end otherwise
    last_block_tells = frame in _SEQUENTIAL and len(ends) == 1 and pixels > _SMALL
    if last_block_tells and decoded is not None and not _ends_grey(decoded):
        return False
    try:
        if last_block_tells and decoded is None:
            blocks = _decoded(jpeg, 'L', _BLOCK)
            if blocks.ndim == 2 and blocks[-1, -1] != _GREY:
                return False
        starts = [0, *ends]
        padded = _NOISE.join(jpeg[start:end] for start, end in zip(starts, [*ends, None], strict=True))
        if decoded is None or decoded.shape[0] * decoded.shape[1] < pixels:
            decoded = _decoded(jpeg, 'L' if len(ends) == 1 else 'RGB')  # some scans are of colour alone
        return not np.array_equal(decoded, _decoded(padded, 'L' if decoded.ndim == 2 else 'RGB'))
    except OSError:
        return True


def _ends_grey(pixels: np.ndarray) -> bool:
    """Whether the last block is as decoders fill it in; of colours the brightness is: colour blends with neighbours."""
    height, width = ((side - 1) % _BLOCK + 1 for side in pixels.shape[:2])
    block = pixels[-height:, -width:]
    if block.ndim == 3:
        block = block @ np.array([0.299, 0.587, 0.114])  # as JFIF defines brightness
    return bool((np.abs(block.astype(float) - _GREY) <= _ROUNDING).all())


def _decoded(jpeg: bytes, mode: str, divisor: int = 1) -> np.ndarray:
    """Pixels at full size, or one for ``divisor`` x ``divisor``; (H, W) of mode L, but of CMYK always all channels."""
    with Image.open(io.BytesIO(jpeg), formats=['JPEG']) as image:
        image.draft(mode, tuple(max(1, side // divisor) for side in image.size))
        return np.asarray(image)

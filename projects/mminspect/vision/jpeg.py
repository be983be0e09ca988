"""Does a JPEG hold all of its pixels? Decoders fill what is missing with grey and say nothing."""
from __future__ import annotations

import io
import re
from collections.abc import Iterator

import numpy as np
from PIL import Image

_START_OF_SCAN, _END = 0xda, 0xd9
#: Markers of the frame: one scan or a few, and many that refine it; both of Huffman codes.
_SEQUENTIAL, _PROGRESSIVE = (0xc0, 0xc1), 0xc2
#: A marker within coded pixels: no stuffed zero, no restart, no filling.
_MARKER = re.compile(rb'\xff[^\x00\xd0-\xd7\xff]')
#: Bytes that mean something, whatever the Huffman tables, to a decoder that still waits for pixels; and again behind
#: each of the marks that it may wait for where the pixels come in intervals.
_BYTES = bytes(np.random.default_rng(0).integers(0, 255, 64, np.uint8))
_NOISE = _BYTES + b''.join(bytes([0xff, 0xd0 + number % 8]) + _BYTES for number in range(16))


def ends_early(jpeg: bytes) -> bool:
    """Whether pixels are missing: the file was cut off, or its coded pixels stop short of the end mark.

    Bytes before an end mark change nothing where every pixel is there, and become pixels where some are missing.
    Decoded for this are the brightness of blocks of 8 x 8, of progressive files all pixels. A progressive file without
    its last scans is a coarser picture, and whole.

    Args:
        jpeg: A file that can be decoded.
    """
    frame, ends = 0, []
    for marker, end in _scans(jpeg):
        frame, ends = marker, [*ends, end]
    if not ends or ends[-1] is None:
        return True
    if frame not in (*_SEQUENTIAL, _PROGRESSIVE):
        return False  # arithmetic codes end otherwise
    starts = [0, *ends]
    padded = _NOISE.join(jpeg[start:end] for start, end in zip(starts, [*ends, None], strict=True))
    try:
        return not np.array_equal(_brightness(jpeg, frame), _brightness(padded, frame))
    except OSError:
        return True


def _scans(jpeg: bytes) -> Iterator[tuple[int, int | None]]:
    """Marker of the frame, and for every scan the position behind its coded pixels; None: there is no mark any more."""
    position, frame = 2, 0
    while position + 4 <= len(jpeg):
        if jpeg[position] != 0xff or jpeg[position + 1] in (0x00, 0xff):
            position += 1
            continue
        marker = jpeg[position + 1]
        if marker == _END:
            return
        if marker == 0x01 or 0xd0 <= marker <= 0xd8:
            position += 2
            continue
        if 0xc0 <= marker <= 0xcf and marker not in (0xc4, 0xc8, 0xcc):
            frame = marker
        position += 2 + int.from_bytes(jpeg[position + 2:position + 4], 'big')
        if marker == _START_OF_SCAN:
            found = _MARKER.search(jpeg, position)
            yield frame, found and found.start()
            if found is None:
                return
            position = found.start()


def _brightness(jpeg: bytes, frame: int) -> np.ndarray:
    with Image.open(io.BytesIO(jpeg), formats=['JPEG']) as image:
        sides = image.size if frame == _PROGRESSIVE else [max(1, side // 8) for side in image.size]
        image.draft('L', tuple(sides))
        return np.asarray(image)

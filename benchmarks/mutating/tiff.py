"""TIFF files written tag by tag, uncompressed, as cameras write them: what other libraries do not write, or hide."""
from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

SHORT, LONG, RATIONAL = 3, 4, 5
_SIZES = {SHORT: (2, 'H'), LONG: (4, 'I')}
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
OFFSETS, ORIENTATION, SAMPLES, ROWS, COUNTS, PLANAR, FORMAT = 273, 274, 277, 278, 279, 284, 339
WHITE_IS_0, BLACK_IS_0, RGB = 0, 1, 2
UNSIGNED, SIGNED, FLOAT, UNDEFINED = 1, 2, 3, 4


def tiff(pixels: np.ndarray, order: str = '<', photometric: int | None = None, planar: bool = False, strips: int = 1,
         packed12: bool = False, **tags: Sequence[int]) -> bytes:
    """One page.

    Args:
        pixels: (H, W) or (H, W, 3), of the type that is stored.
        order: '<' or '>'.
        photometric: By default black is 0, or RGB.
        planar: Colours one behind the other.
        strips: Number of strips.
        packed12: Two values of 12 bits in three bytes.
        tags: ``t256=(64,)`` in place of what is right.
    """
    height, width, *depth = pixels.shape
    samples = depth[0] if depth else 1
    planes = [pixels[..., k] for k in range(samples)] if planar and depth else [pixels]
    rows = -(-height // strips)
    parts = [_bytes(plane[y:y + rows], order, packed12) for plane in planes for y in range(0, height, rows)]
    kind = dict(f=FLOAT, i=SIGNED).get(pixels.dtype.kind, UNSIGNED)
    entries = {
        WIDTH: (width, ), HEIGHT: (height, ), BITS: (12 if packed12 else 8 * pixels.itemsize, ) * samples,
        COMPRESSION: (1, ), PHOTOMETRIC: (photometric if photometric is not None else RGB if depth else BLACK_IS_0, ),
        OFFSETS: (0, ) * len(parts), SAMPLES: (samples, ), ROWS: (rows, ), COUNTS: tuple(map(len, parts)),
        PLANAR: (2 if planar else 1, ), FORMAT: (kind, ) * samples}
    entries.update({int(name[1:]): tuple(values) for name, values in tags.items()})
    return _file(entries, parts, order)


def _bytes(part: np.ndarray, order: str, packed12: bool) -> bytes:
    if not packed12:
        return np.ascontiguousarray(part, part.dtype.newbyteorder(order)).tobytes()
    padded = np.pad(part, ((0, 0), (0, part.shape[1] % 2))).astype(np.uint32)  # each row begins with a byte
    pairs = (padded[:, ::2] << 12) | padded[:, 1::2]
    triples = np.stack([pairs >> 16, pairs >> 8, pairs], axis=-1).astype(np.uint8).reshape(len(part), -1)
    return triples[:, :-(-part.shape[1] * 12 // 8)].tobytes()


def _file(entries: dict[int, tuple[int, ...]], parts: list[bytes], order: str) -> bytes:
    """Header, directory, long values, pixels."""
    directory = 8
    values_at = directory + 2 + 12 * len(entries) + 4
    kinds = {tag: LONG if tag in (OFFSETS, COUNTS, WIDTH, HEIGHT, ROWS) else SHORT for tag in entries}
    longer = {tag: len(values) * _SIZES[kinds[tag]][0] for tag, values in entries.items()}
    pixels_at = values_at + sum(size for size in longer.values() if size > 4)
    if entries[OFFSETS] == (0, ) * len(parts):
        starts = np.cumsum([pixels_at, *map(len, parts)])[:-1]
        entries[OFFSETS] = tuple(map(int, starts))
    head, values = b'', b''
    for tag, content in sorted(entries.items()):
        packed = struct.pack(f'{order}{len(content)}{_SIZES[kinds[tag]][1]}', *content)
        place = packed.ljust(4, b'\0')
        if len(packed) > 4:
            place, values = struct.pack(f'{order}I', values_at + len(values)), values + packed
        head += struct.pack(f'{order}HHI', tag, kinds[tag], len(content)) + place
    magic = (b'II' if order == '<' else b'MM') + struct.pack(f'{order}HI', 42, directory)
    return magic + struct.pack(f'{order}H', len(entries)) + head + bytes(4) + values + b''.join(parts)

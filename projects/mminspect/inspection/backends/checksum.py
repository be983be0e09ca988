"""A checksum over an exported ONNX file: weights that have rotted give scores too."""
from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterator
from pathlib import Path

#: Number of the graph's field in the message ModelProto of onnx.proto.
_GRAPH = 7
#: Wire types of protocol buffers: https://protobuf.dev/programming-guides/encoding
_VARINT, _FIXED64, _SIZED, _FIXED32 = 0, 1, 2, 5


def checksum_of(graph: bytes | memoryview, description: str) -> str:
    """64 hexadecimal digits of SHA-256 over the bytes of a graph and its description."""
    digest = hashlib.sha256(description.encode())
    digest.update(graph)
    return digest.hexdigest()


def file_checksum(path: str | Path, description: str) -> str:
    """:func:`checksum_of` a file, which is not parsed.

    Raises:
        ValueError: Its bytes are no message of protocol buffers, or hold no graph.
        OSError: It cannot be read.
    """
    with open(path, 'rb') as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data, \
            memoryview(data) as view:
        for number, begin, end in _fields(view):
            if number == _GRAPH:
                with view[begin:end] as graph:
                    return checksum_of(graph, description)
    raise ValueError('it holds no graph')


def _fields(data: memoryview) -> Iterator[tuple[int, int, int]]:
    """Number, begin and end of every field of a message."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        kind = key & 7
        if kind == _VARINT:
            end = _varint(data, place)[1]
        elif kind == _SIZED:
            size, place = _varint(data, place)
            end = place + size
        elif kind in (_FIXED64, _FIXED32):
            end = place + (8 if kind == _FIXED64 else 4)
        else:
            raise ValueError(f'a field has the kind {kind}')
        if end > len(data):
            raise ValueError('it ends early')
        yield key >> 3, place, end
        place = end


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(data) and shift < 70:
        byte = data[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place
    raise ValueError('it ends early')

"""What happens to the bytes of any file: a bit tips, a part is missing, a block is overwritten."""
from __future__ import annotations

import random
from collections.abc import Callable

Damage = Callable[[random.Random, bytes], bytes]


def _place(chance: random.Random, data: bytes, head: int = 0) -> int:
    """A place in the file; in one of two cases among the first ``head`` bytes, where headers are."""
    return chance.randrange(min(head, len(data)) if head and chance.random() < 0.5 else len(data))


def bit_tips(chance: random.Random, data: bytes) -> bytes:
    """One to three bits."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        changed[_place(chance, data, 256)] ^= 1 << chance.randrange(8)
    return bytes(changed)


def byte_replaced(chance: random.Random, data: bytes) -> bytes:
    """One byte by any, or by one that programs like to stumble over."""
    changed = bytearray(data)
    changed[_place(chance, data, 256)] = chance.choice([chance.randrange(256), 0, 255, 127, 32, 45, 57])
    return bytes(changed)


def cut(chance: random.Random, data: bytes) -> bytes:
    """The end is missing, as behind a full disk or an interrupted copy."""
    return data[:_place(chance, data)]


def part_missing(chance: random.Random, data: bytes) -> bytes:
    """Up to 64 bytes are gone."""
    start = _place(chance, data, 256)
    return data[:start] + data[start + chance.randint(1, 64):]


def part_twice(chance: random.Random, data: bytes) -> bytes:
    """Up to 64 bytes stand there twice."""
    start = _place(chance, data, 256)
    part = data[start:start + chance.randint(1, 64)]
    return data[:start] + part + data[start:]


def block_of_zeros(chance: random.Random, data: bytes) -> bytes:
    """As file systems leave it behind a power failure."""
    start = _place(chance, data)
    count = min(chance.randint(1, 512), len(data) - start)
    return data[:start] + bytes(count) + data[start + count:]


def noise_inserted(chance: random.Random, data: bytes) -> bytes:
    """Up to 32 random bytes."""
    start = _place(chance, data, 256)
    return data[:start] + chance.randbytes(chance.randint(1, 32)) + data[start:]


DAMAGES: dict[str, Damage] = {
    'bit tips': bit_tips, 'byte replaced': byte_replaced, 'cut': cut, 'part missing': part_missing,
    'part twice': part_twice, 'block of zeros': block_of_zeros, 'noise inserted': noise_inserted}

"""Pictures in the forms of industrial cameras: each file with the pixels that it stands for."""
from __future__ import annotations

import io
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from . import tiff as tif
from .case import Verdict

RIGHT, WRONG, EITHER = Verdict.RIGHT, Verdict.WRONG, Verdict.EITHER


@dataclass(frozen=True)
class Picture:
    """A file.

    Attributes:
        suffix: Of its name.
        data: Its bytes.
        pixels: (H, W, 3) float RGB of 0..255 that it stands for; None where that is not known.
        tolerance: By which decoders may differ.
    """

    suffix: str
    data: bytes
    pixels: np.ndarray | None
    tolerance: float = 0.01


def scene(chance: random.Random, depth: int) -> np.ndarray:
    """(H, W) or (H, W, 3) uint8: a ramp with noise, never symmetric."""
    height, width = chance.randint(5, 40), chance.randint(5, 60)
    rng = np.random.default_rng(chance.randrange(2**32))
    ramp = np.linspace(0, 170, width)[None, :] + np.linspace(0, 50, height)[:, None]
    pixels = ramp[..., None] + rng.integers(0, 35, (height, width, depth))
    return pixels.astype(np.uint8) if depth > 1 else pixels[..., 0].astype(np.uint8)


def rgb(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) float64."""
    return np.repeat(pixels[..., None], 3, axis=2).astype(float) if pixels.ndim == 2 else pixels.astype(float)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """By Pillow."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Names and contents of the chunks of a PNG; ValueError where one is damaged."""
    if data[:8] != b'\x89PNG\r\n\x1a\n':
        raise ValueError('no PNG')
    found, position = [], 8
    while not found or found[-1][0] != b'IEND':
        length = int.from_bytes(data[position:position + 4], 'big')
        name, content = data[position + 4:position + 8], data[position + 8:position + 8 + length]
        check = data[position + 8 + length:position + 12 + length]
        if len(content) < length or zlib.crc32(name + content).to_bytes(4, 'big') != check:
            raise ValueError(f'chunk {name!r}')
        found.append((name, content))
        position += 12 + length
    return found


def png_of(parts: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG of these chunks, with right check sums."""
    return b'\x89PNG\r\n\x1a\n' + b''.join(
        len(content).to_bytes(4, 'big') + name + content + zlib.crc32(name + content).to_bytes(4, 'big')
        for name, content in parts)


def png16(pixels: np.ndarray) -> bytes:
    """Of 16 bits, grey or RGB, without a filter."""
    height, width = pixels.shape[:2]
    rows = np.ascontiguousarray(pixels, '>u2').reshape(height, -1).view(np.uint8).reshape(height, -1)
    raw = b''.join(b'\0' + row.tobytes() for row in rows)
    header = width.to_bytes(4, 'big') + height.to_bytes(4, 'big') + bytes([16, 0 if pixels.ndim == 2 else 2, 0, 0, 0])
    return png_of([(b'IHDR', header), (b'IDAT', zlib.compress(raw)), (b'IEND', b'')])


Form = Callable[[random.Random], Picture]
FORMS: dict[str, tuple[Verdict, Form]] = {}


def form(verdict: Verdict) -> Callable[[Form], Form]:
    """Register a form."""
    def register(function: Form) -> Form:
        FORMS[function.__name__.replace('_', ' ')] = verdict, function
        return function
    return register


@form(RIGHT)
def png_8_bit(chance: random.Random) -> Picture:
    pixels = scene(chance, chance.choice([1, 3]))
    return Picture('.png', saved(Image.fromarray(pixels), 'PNG'), rgb(pixels))


@form(RIGHT)
def png_with_alpha(chance: random.Random) -> Picture:
    pixels = scene(chance, 4)
    return Picture('.png', saved(Image.fromarray(pixels), 'PNG'), rgb(pixels[..., :3]))


@form(RIGHT)
def png_with_palette(chance: random.Random) -> Picture:
    image = Image.fromarray(scene(chance, 3)).quantize(chance.choice([2, 16, 256]))
    options = dict(transparency=3) if chance.random() < 0.5 else {}
    return Picture('.png', saved(image, 'PNG', **options), np.array(image.convert('RGB')).astype(float))


@form(RIGHT)
def png_of_1_bit(chance: random.Random) -> Picture:
    pixels = scene(chance, 1) > 128
    return Picture('.png', saved(Image.fromarray(pixels), 'PNG'), rgb(pixels * 255))


@form(RIGHT)
def png_16_bit(chance: random.Random) -> Picture:
    pixels = scene(chance, chance.choice([1, 3])).astype(np.uint16) * 257
    return Picture('.png', png16(pixels), rgb(pixels) / 257)


@form(RIGHT)
def jpeg(chance: random.Random) -> Picture:
    data = saved(Image.fromarray(scene(chance, chance.choice([1, 3]))), 'JPEG', quality=chance.choice([30, 75, 95]),
                 progressive=chance.random() < 0.5)
    return Picture(chance.choice(['.jpg', '.jpeg', '.JPG']), data, decoded(data), 3.0)


@form(RIGHT)
def jpeg_that_is_turned(chance: random.Random) -> Picture:
    image, exif, number = Image.fromarray(scene(chance, 3)), Image.Exif(), chance.randint(1, 8)
    exif[0x0112] = number
    data = saved(image, 'JPEG', quality=95, exif=exif)
    return Picture('.jpg', data, TURNS[number](decoded(data)), 3.0)


#: What an orientation of EXIF asks for (CIPA DC-008, figure of the tag Orientation), from pixels as they lie.
TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda x: x, 2: lambda x: x[:, ::-1], 3: lambda x: x[::-1, ::-1], 4: lambda x: x[::-1],
    5: lambda x: x.swapaxes(0, 1), 6: lambda x: x[::-1].swapaxes(0, 1), 7: lambda x: x[::-1, ::-1].swapaxes(0, 1),
    8: lambda x: x[:, ::-1].swapaxes(0, 1)}


def decoded(data: bytes) -> np.ndarray:
    """By Pillow, as it lies in the file."""
    return np.array(Image.open(io.BytesIO(data)).convert('RGB')).astype(float)


@form(RIGHT)
def bmp(chance: random.Random) -> Picture:
    pixels = scene(chance, chance.choice([1, 3]))
    return Picture('.bmp', saved(Image.fromarray(pixels), 'BMP'), rgb(pixels))


@form(RIGHT)
def webp(chance: random.Random) -> Picture:
    pixels = scene(chance, 3)
    return Picture('.webp', saved(Image.fromarray(pixels), 'WEBP', lossless=True), rgb(pixels))


@form(RIGHT)
def tiff_8_or_16_bit(chance: random.Random) -> Picture:
    pixels = scene(chance, chance.choice([1, 3]))
    stored = pixels.astype(np.uint16) * 257 if chance.random() < 0.6 else pixels
    data = tif.tiff(stored, chance.choice('<>'), strips=chance.randint(1, 4))
    return Picture(chance.choice(['.tif', '.tiff', '.TIF']), data, rgb(pixels))


@form(RIGHT)
def tiff_compressed(chance: random.Random) -> Picture:
    pixels = scene(chance, chance.choice([1, 3]))
    compression = chance.choice(['tiff_lzw', 'tiff_adobe_deflate', 'packbits'])
    return Picture('.tif', saved(Image.fromarray(pixels), 'TIFF', compression=compression), rgb(pixels))


@form(EITHER)
def tiff_0_is_white(chance: random.Random) -> Picture:
    pixels = scene(chance, 1)
    stored = pixels.astype(np.uint16) * 257 if chance.random() < 0.5 else pixels
    inverted = np.iinfo(stored.dtype).max - stored
    return Picture('.tif', tif.tiff(inverted, chance.choice('<>'), tif.WHITE_IS_0), rgb(pixels))


@form(EITHER)
def tiff_by_planes(chance: random.Random) -> Picture:
    pixels = scene(chance, 3)
    stored = pixels.astype(np.uint16) * 257 if chance.random() < 0.5 else pixels
    return Picture('.tif', tif.tiff(stored, chance.choice('<>'), planar=True), rgb(pixels))


@form(EITHER)
def tiff_signed(chance: random.Random) -> Picture:
    stored = scene(chance, 1).astype(chance.choice([np.int8, np.int16, np.int32])) - chance.choice([0, 100])
    return Picture('.tif', tif.tiff(stored, chance.choice('<>')), None)


@form(WRONG)
def tiff_of_floats(chance: random.Random) -> Picture:
    stored = scene(chance, chance.choice([1, 3])).astype(chance.choice([np.float32, np.float64])) / 255
    stored.flat[0] = chance.choice([stored.flat[0], np.nan, np.inf, -1e30])
    return Picture('.tif', tif.tiff(stored, chance.choice('<>')), None)  # nobody said what is white


@form(EITHER)
def tiff_packed_12_bit(chance: random.Random) -> Picture:
    pixels = scene(chance, 1)
    return Picture('.tif', tif.tiff(pixels.astype(np.uint16) * 16, packed12=True), rgb(pixels) * 16 * 255 / 4095, 0.1)


@form(EITHER)
def tiff_32_bit(chance: random.Random) -> Picture:
    return Picture('.tif', tif.tiff(scene(chance, 1).astype(np.uint32), chance.choice('<>')), None)


@form(EITHER)
def cmyk(chance: random.Random) -> Picture:
    image = Image.fromarray(scene(chance, 3)).convert('CMYK')
    kind = chance.choice(['JPEG', 'TIFF'])
    return Picture(f'.{kind.lower()}', saved(image, kind), None)


@form(RIGHT)
def named_as_another_kind(chance: random.Random) -> Picture:
    pixels = scene(chance, 1)
    kind = chance.choice(['PNG', 'BMP', 'TIFF'])
    return Picture('.jpg' if kind == 'PNG' else '.png', saved(Image.fromarray(pixels), kind), rgb(pixels))

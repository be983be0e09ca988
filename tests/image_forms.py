"""One picture, its left half 40 and its right half 200 of 255, in the forms in which cameras and programs write it."""
from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import tifffile
from PIL import Image

H, W = 48, 64
GREY8 = np.full((H, W), 40, np.uint8)
GREY8[:, W // 2:] = 200
GREY16 = GREY8.astype(np.uint16) * 257
RGB8, RGB16 = (np.repeat(pixels[..., None], 3, 2) for pixels in (GREY8, GREY16))
CASES = Path(__file__).parent / 'cases' / 'images'


@dataclass(frozen=True)
class Form:
    """A file.

    Attributes:
        name: Of the form; the file's too.
        data: The file.
        max_value: Value of white that its reader has to be told; None: the file says it.
        step: Grey values by which it may differ from the picture: what its form can hold.
    """

    name: str
    data: bytes
    max_value: float | None = None
    step: float = 0.0


def forms() -> list[Form]:
    """All forms that are read; a picture of them is :data:`GREY8`."""
    return [*_cases(), *_tiffs(), *_packed(), *_pillow(), *_pngs(), *_jpeg2000()]


def refused() -> list[Form]:
    """Forms that are refused in one sentence unless the white is declared, or in any case."""
    signed = (GREY16.astype(np.int32) - 32768).astype(np.int16)
    lab = io.BytesIO()
    Image.new('LAB', (W, H)).save(lab, 'TIFF')
    infinite = np.full((H, W), np.inf, np.float32)
    return [Form('int16_signed_negative.tif', (CASES / 'int16_signed_negative.tif').read_bytes()),
            Form('float32_01.tif', (CASES / 'float32_01.tif').read_bytes()),
            Form('signed.tif', tiff(signed, byteorder='>')), Form('float64.tif', tiff(GREY8 / 255)),
            Form('uint32.tif', tiff(GREY16.astype(np.uint32))), Form('int8.tif', tiff((GREY8 // 2).astype(np.int8))),
            Form('infinite.tif', tiff(infinite), 1.0), Form('lab.tif', lab.getvalue()),
            Form('channels.tif', tiff(np.repeat(GREY16[..., None], 7, 2), photometric='minisblack',
                                      planarconfig='contig')),
            Form('packed12_lzw.tif', written(packed(GREY16 >> 4, 12), 12, compression=5))]


def tiff(pixels: np.ndarray, **options: object) -> bytes:
    """A TIFF that tifffile writes."""
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **{'photometric': 'minisblack', **options})
    return file.getvalue()


def packed(values: np.ndarray, bits: int) -> bytes:
    """Rows of numbers as texts of 0 and 1, each row filled up to a byte: the slow way, by TIFF 6.0's words."""
    rows = (''.join(format(int(value), f'0{bits}b') for value in row.ravel()) for row in values)
    return b''.join(int(row + '0' * (-len(row) % 8), 2).to_bytes(-(-len(row) // 8), 'big') for row in rows)


def written(body: bytes, bits: int, order: str = '<', samples: int = 1, photometric: int = 1, compression: int = 1,
            size: Sequence[int] = (W, H), more: Sequence[tuple[int, int]] = ()) -> bytes:
    """A TIFF of one strip by hand."""
    short, long = 3, 4
    fields = [(256, long, size[0]), (257, long, size[1]), (258, short, bits), (259, short, compression),
              (262, short, photometric), (273, long, 0), (277, short, samples), (278, long, size[1]),
              (279, long, len(body)), *((tag, short, value) for tag, value in more)]
    start = 8 + 2 + 12 * len(fields) + 4
    entries = b''
    for tag, kind, value in sorted(fields):
        count = samples if tag == 258 else 1
        value = start + 2 * samples if tag == 273 else start if tag == 258 and samples > 2 else value
        wide = kind == long or count > 2
        number = struct.pack(order + ('I' if wide else 'H'), value) if wide or count == 1 else struct.pack(
            order + '2H', value, value)
        entries += struct.pack(order + 'HHI', tag, kind, count) + number.ljust(4, b'\0')
    head = (b'II' if order == '<' else b'MM') + struct.pack(order + 'HIH', 42, 8, len(fields))
    return head + entries + bytes(4) + struct.pack(order + f'{samples}H', *[bits] * samples) + body


def png(pixels: np.ndarray, colour: int, bits: int, extra: bytes = b'', late: bytes = b'') -> bytes:
    """A PNG by hand: ``pixels`` (H, W) or (H, W, C) big-endian; chunks before and behind the pixels."""
    rows = b''.join(b'\0' + row.tobytes() for row in pixels)
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', W, H, bits, colour, 0, 0, 0)) + extra
            + chunk(b'IDAT', zlib.compress(rows)) + late + chunk(b'IEND', b''))


def chunk(name: bytes, data: bytes) -> bytes:
    """A part of a PNG."""
    return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))


def exif(orientation: int) -> bytes:
    """EXIF data that say nothing but an orientation."""
    return b'II*\0' + struct.pack('<IHHHIII', 8, 1, 274, 3, 1, orientation, 0)


def _cases() -> Iterator[Form]:
    white = {'float32_01.tif': 1.0, 'grey12in16.tif': 4095}
    for path in sorted(CASES.glob('*')):
        if path.name not in ('int16_signed_negative.tif', 'exif180.jpg') and not path.name.startswith('part'):
            step = {'cmyk.jpg': 1, 'grey12packed.tif': 0.05, 'grey12in16.tif': 0.05}
            data = path.read_bytes()
            yield Form(path.name, data, white.get(path.name), step.get(path.name, 1e-4))


def _tiffs() -> Iterator[Form]:
    kinds = dict(u8=(GREY8, None), u16=(GREY16, None), u16_of_12=(GREY16 >> 4, 4095),
                 i16=((GREY8 * 128.0).astype(np.int16), 255 * 128), i32=(GREY16.astype(np.int32), 65535),
                 u32=(GREY16.astype(np.uint32), 65535), f16=((GREY8 / 256).astype(np.float16), 255 / 256),
                 f32=((GREY8 / 255).astype(np.float32), 1), f64=(GREY8 / 255, 1))
    for name, (pixels, white) in kinds.items():
        step = 0.06 if name == 'u16_of_12' else 1e-4
        for order in '<>':
            for compression in (None, 'zlib'):
                yield Form(f'{name}{"le" if order == "<" else "be"}_{compression}.tif',
                           tiff(pixels, byteorder=order, compression=compression), white, step)
            yield Form(f'{name}{"le" if order == "<" else "be"}_tiles.tif',
                       tiff(pixels, byteorder=order, tile=(32, 32)), white, step)
        if pixels.dtype.kind == 'u' and white is None:
            for order in '<>':
                yield Form(f'{name}_white0_{"le" if order == "<" else "be"}.tif',
                           tiff(np.iinfo(pixels.dtype).max - pixels, byteorder=order, photometric='miniswhite'), None,
                           step)
                yield Form(f'{name}_predicted_{"le" if order == "<" else "be"}.tif',
                           tiff(pixels, byteorder=order, compression='zlib', predictor=True))
                yield Form(f'{name}_big_{"le" if order == "<" else "be"}.tif', tiff(pixels, byteorder=order,
                                                                                   bigtiff=True))
    yield Form('of_12_white0.tif', tiff(4095 - (GREY16 >> 4), photometric='miniswhite'), 4095, 0.06)
    yield Form('f32_white0.tif', tiff((1 - GREY8 / 255).astype(np.float32), photometric='miniswhite'), 1, 1e-4)
    yield from _colours()


def _colours() -> Iterator[Form]:
    for bits, rgb in ((8, RGB8), (16, RGB16)):
        white = 2 ** bits - 1
        alpha = np.full((H, W, 1), white // 2, rgb.dtype)
        for order in '<>':
            end = f'{bits}_{"le" if order == "<" else "be"}.tif'
            yield Form(f'rgb{end}', tiff(rgb, photometric='rgb', byteorder=order))
            yield Form(f'rgb_big{end}', tiff(rgb, photometric='rgb', byteorder=order, bigtiff=True))
            yield Form(f'rgb_planes{end}', tiff(np.moveaxis(rgb, 2, 0).copy(), photometric='rgb', byteorder=order,
                                                planarconfig='separate'))
            yield Form(f'rgb_planes_zlib{end}', tiff(np.moveaxis(rgb, 2, 0).copy(), photometric='rgb', byteorder=order,
                                                     planarconfig='separate', compression='zlib', predictor=True))
            yield Form(f'rgba{end}', tiff(np.dstack([rgb, alpha]), photometric='rgb', byteorder=order,
                                          extrasamples=['unassalpha']))
            yield Form(f'la{end}', tiff(np.dstack([rgb[..., :1], alpha]), byteorder=order, planarconfig='contig',
                                        extrasamples=['unassalpha']))
            yield Form(f'cmyk{end}', tiff(np.dstack([white - rgb, alpha * 0]), photometric='separated',
                                          byteorder=order))
            half = np.dstack([np.rint(rgb * (alpha / white)).astype(rgb.dtype), alpha])
            yield Form(f'premultiplied{end}', tiff(half, photometric='rgb', byteorder=order,
                                                   extrasamples=['assocalpha']), None, 2 if bits == 8 else 0.01)
    yield Form('rgb_float.tif', tiff((RGB8 / 255).astype(np.float32), photometric='rgb'), 1, 1e-4)


def _packed() -> Iterator[Form]:
    for bits in (10, 12, 14):
        values, step = np.rint(GREY8 / 255 * (2**bits - 1)).astype(int), 0.13
        for order in '<>':
            end = f'{bits}{"le" if order == "<" else "be"}.tif'
            yield Form(f'packed{end}', written(packed(values, bits), bits, order), None, step)
            yield Form(f'packed_white0_{end}', written(packed(2**bits - 1 - values, bits), bits, order, photometric=0),
                       None, step)
            yield Form(f'packed_zlib_{end}', written(zlib.compress(packed(values, bits)), bits, order, compression=8),
                       None, step)
        rgb = np.repeat(values[..., None], 3, 2)
        yield Form(f'packed_rgb{bits}.tif', written(packed(rgb, bits), bits, samples=3, photometric=2), None, step)


def _pillow() -> Iterator[Form]:
    grey, rgb = Image.fromarray(GREY8), Image.fromarray(RGB8)
    palette = rgb.quantize(2)
    for kind, picture, suffix, options in (
            ('PNG', grey, 'png', {}), ('PNG', rgb, 'png', {}), ('PNG', rgb.convert('RGBA'), 'png', {}),
            ('PNG', grey.convert('LA'), 'png', {}), ('PNG', palette, 'png', dict(transparency=0)),
            ('BMP', grey, 'bmp', {}), ('BMP', rgb, 'bmp', {}), ('WEBP', rgb, 'webp', dict(lossless=True)),
            ('TIFF', palette, 'tif', {}), ('TIFF', grey, 'tif', dict(compression='tiff_lzw')),
            ('TIFF', rgb, 'tif', dict(compression='tiff_lzw')), ('TIFF', Image.fromarray(GREY16), 'tif',
                                                                 dict(compression='tiff_lzw')),
            ('TIFF', grey, 'tif', dict(compression='packbits')), ('TIFF', rgb, 'tif', dict(compression='tiff_deflate')),
            ('TIFF', Image.fromarray((GREY8 / 255).astype(np.float32)), 'tif', dict(compression='tiff_lzw')),
            ('JPEG2000', grey, 'jp2', {}), ('JPEG2000', rgb, 'jp2', {})):
        file = io.BytesIO()
        picture.save(file, kind, **options)
        name = f'{kind.lower()}_{picture.mode.replace(";", "")}_{"_".join(map(str, options.values()))}.{suffix}'
        yield Form(name, file.getvalue(), 1 if picture.mode == 'F' else None, 1e-4)
    for suffix, kind, options in (('jpg', 'JPEG', {}), ('jfif', 'JPEG', {}), ('JPE', 'JPEG', {}),
                                  ('jpeg', 'JPEG', dict(progressive=True)), ('tif', 'TIFF', dict(compression='jpeg')),
                                  ('webp', 'WEBP', {})):
        file = io.BytesIO()
        rgb.save(file, kind, quality=100, **options)
        yield Form(f'lossy_{"".join(map(str, options))}.{suffix}', file.getvalue(), None, 2)
    file = io.BytesIO()
    grey.save(file, 'TIFF', save_all=True, append_images=[Image.new('L', (9, 9))])
    yield Form('pages.tif', file.getvalue())
    yield from _turned()


def _turned() -> Iterator[Form]:
    """How the pixels lie in the file, by EXIF's table of what row 0 and column 0 show."""
    for turn in range(1, 9):
        stored = {1: GREY8, 2: GREY8[:, ::-1], 3: GREY8[::-1, ::-1], 4: GREY8[::-1], 5: GREY8.T, 6: np.rot90(GREY8),
                  7: GREY8[::-1, ::-1].T, 8: np.rot90(GREY8, -1)}[turn]
        tag = Image.Exif()
        tag[274] = turn
        for suffix, kind, options in (('jpg', 'JPEG', dict(quality=100)), ('png', 'PNG', {}), ('webp', 'WEBP', dict(
                lossless=True)), ('tif', 'TIFF', {})):
            file = io.BytesIO()
            Image.fromarray(np.ascontiguousarray(stored)).save(file, kind, exif=tag, **options)
            yield Form(f'turned{turn}.{suffix}', file.getvalue(), None, 2 if suffix == 'jpg' else 0)
        deep = np.ascontiguousarray(stored.astype(np.uint16) * 257)
        yield Form(f'turned_deep{turn}.tif', tiff(deep, extratags=[(274, 3, 1, turn, True)]), None, 1e-4)


def _pngs() -> Iterator[Form]:
    deep = GREY16.astype('>u2')
    yield Form('grey16.png', png(deep, 0, 16), None, 1e-4)
    yield Form('rgb16.png', png(RGB16.astype('>u2'), 2, 16), None, 1e-4)
    yield Form('la16.png', png(np.dstack([deep, deep // 3]).astype('>u2'), 4, 16), None, 1e-4)
    yield Form('rgba16.png', png(np.dstack([RGB16, GREY16 // 3]).astype('>u2'), 6, 16), None, 1e-4)
    yield Form('of_12.png', png((GREY16 >> 4).astype('>u2'), 0, 16), 4095, 0.06)
    half_turn = chunk(b'eXIf', exif(3))
    yield Form('exif_before.png', png(GREY8[::-1, ::-1], 0, 8, half_turn))
    yield Form('exif_behind.png', png(GREY8[::-1, ::-1], 0, 8, late=half_turn))
    yield Form('exif_deep.png', png(RGB16[::-1, ::-1].astype('>u2'), 2, 16, half_turn), None, 1e-4)


def _jpeg2000() -> Iterator[Form]:
    lossless = [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000]
    for name, pixels in (('grey16', GREY16), ('rgb16', RGB16)):
        yield Form(f'{name}.jp2', cv2.imencode('.jp2', pixels, lossless)[1].tobytes(), None, 1)


def write(form: Form, folder: Path) -> Path:
    """The file of a form."""
    path = folder / form.name
    path.write_bytes(form.data)
    return path

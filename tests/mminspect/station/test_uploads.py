"""What strangers send: each bad file gets a 4xx with a sentence, each good one its pixels, nothing crashes."""
from __future__ import annotations

import io
import os
import re
import struct
import subprocess
import sys
import threading
import zipfile
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from helpers import ROOT
from jpeg2000_files import as_cmyk, claiming, with_bits
from mminspect.station.uploads import Limits, UploadError, check_upload, shown_name
from mminspect.vision.images import read_image

H, W = 21, 30
RGB = cv2.resize(np.random.default_rng(0).integers(0, 256, (5, 5, 3), dtype=np.uint8), (W, H))
DEEP = np.random.default_rng(1).integers(0, 65536, (H, W, 3), dtype=np.uint16)
LIMITS = Limits(bytes=2**20, pixels=100_000, side=5000)
FORMATS = ('PNG', 'JPEG', 'BMP', 'TIFF', 'WEBP', 'JPEG2000')


def check(data: bytes, name: str = 'part.png', limits: Limits = LIMITS):
    return check_upload(io.BytesIO(data), name, limits)


def encoded(kind: str, picture: Image.Image | np.ndarray = RGB, **options) -> bytes:
    file = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(file, kind, **options)
    return file.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))


def png(width: int, height: int, rows: bytes, extra: bytes = b'', colour: int = 0, bits: int = 8) -> bytes:
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, bits, colour, 0, 0, 0))
            + extra + chunk(b'IDAT', zlib.compress(rows, 9)) + chunk(b'IEND', b''))


def bmp(width: int, height: int, bits: int = 24, compression: int = 0, body: bytes = b'') -> bytes:
    header = struct.pack('<IiiHHIIiiII', 40, width, height, 1, bits, compression, len(body), 0, 0, 0, 0)
    return b'BM' + struct.pack('<IHHI', 54 + len(body), 0, 0, 54) + header + body


def tiff(tags: list[tuple[int, list[int] | bytes]], body: bytes = b'') -> bytes:
    """A little-endian TIFF; tags are lists of 32-bit numbers, or bytes; ``body`` begins at 4096."""
    entries, extra = b'', b''
    for tag, values in sorted(tags):
        raw = values if isinstance(values, bytes) else struct.pack(f'<{len(values)}I', *values)
        kind, count = (1, len(raw)) if isinstance(values, bytes) else (4, len(values))
        where = raw.ljust(4, b'\0') if len(raw) <= 4 else struct.pack('<I', 10 + 12 * len(tags) + 4 + len(extra))
        entries, extra = entries + struct.pack('<HHI', tag, kind, count) + where, extra + raw * (len(raw) > 4)
    head = b'II*\0' + struct.pack('<I', 8) + struct.pack('<H', len(tags)) + entries + b'\0' * 4 + extra
    return head.ljust(4096, b'\0') + body


def grey_tiff(width: int, height: int, body: bytes, *more: tuple[int, list[int]]) -> bytes:
    tags = {256: [width], 257: [height], 258: [8], 259: [1], 262: [1], 273: [4096], 277: [1], 278: [height],
            279: [len(body)], **dict(more)}
    return tiff([(tag, values) for tag, values in tags.items() if values], body)


def exif(tags: bytes) -> bytes:
    return b'Exif\0\0' + tags


def with_segment(marker: int, content: bytes, jpeg: bytes | None = None) -> bytes:
    jpeg = jpeg or encoded('JPEG')
    return jpeg[:2] + struct.pack('>BBH', 0xff, marker, len(content) + 2) + content + jpeg[2:]


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w') as archive:
        archive.writestr('shell.php', '<?php system($_GET["c"]); ?>')
    return file.getvalue()


def animation(kind: str) -> bytes:
    pictures = [Image.new('RGB', (W, H), colour) for colour in ('red', 'blue')]
    return encoded(kind, pictures[0], save_all=True, append_images=pictures[1:])


def progressive(scans: int) -> bytes:
    """A JPEG whose last scan is repeated."""
    jpeg = encoded('JPEG', Image.new('L', (200, 200)), progressive=True)
    last = jpeg[jpeg.rindex(b'\xff\xc4'):-2]
    return jpeg[:-2] + last * scans + b'\xff\xd9'


def early(kind: str) -> bytes:
    """A JPEG of which the lower half is missing, with its end mark."""
    jpeg = encoded('JPEG', progressive=kind == 'progressive')
    return jpeg[:(jpeg.index(b'\xff\xda') + len(jpeg)) // 2] + b'\xff\xd9'


def huge_directory(entries: int = 4000, size: int = 900_000) -> bytes:
    """Every tag claims the same bytes of the file."""
    tags = b''.join(struct.pack('<HHII', 40000 + k, 1, size, 0) for k in range(entries))
    return (b'II*\0' + struct.pack('<I', 8) + struct.pack('<H', entries) + tags + b'\0' * 4).ljust(size, b'\0')


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"></svg>'
HTML = b'<!doctype html><script>fetch("/api/records")</script>'
GREY_JPEG2000 = encoded('JPEG2000', RGB[..., 0], no_jp2=True)
ROWS = b''.join(b'\0' + row.tobytes() for row in RGB)
BAD: dict[str, tuple[int, bytes]] = {
    'zero bytes': (400, b''),
    'one byte': (415, b'\x89'),
    'signature alone': (400, b'\x89PNG\r\n\x1a\n'),
    'random bytes': (415, np.random.default_rng(2).bytes(5000)),
    'text': (415, b'not a picture\n' * 50),
    'html': (415, HTML),
    'svg': (415, SVG),
    'pdf': (415, b'%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n'),
    'zip': (415, zipped()),
    'script': (415, b'#!/bin/sh\nrm -rf /\n'),
    'elf': (415, b'\x7fELF\x02\x01\x01' + b'\0' * 200),
    'exe': (415, b'MZ\x90\0' + b'\0' * 200),
    'html that begins like a bmp': (400, b'BM' + HTML * 3),
    'script that begins like a jpeg': (400, b'\xff\xd8\xff\xfe*/=alert(1);/*' + HTML),
    'script that begins like a webp': (400, b'RIFF=1/*WEBP' + HTML),
    'still gif': (415, encoded('GIF')),
    'animated gif': (415, animation('GIF')),
    'gif bomb': (415, b'GIF89a' + struct.pack('<HHBBB', 65535, 65535, 0x80, 0, 0) + b'\0' * 6 + b',' + b'\0' * 50),
    'icon': (415, encoded('ICO')),
    'postscript': (415, b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(/etc/passwd) (r) file\n'),
    'big tiff': (415, b'II+\0\x08\0\0\0' + b'\0' * 100),
    'animated png': (422, animation('PNG')),
    'animated webp': (422, animation('WEBP')),
    'tiff of two pages': (422, animation('TIFF')),
    'cmyk jpeg': (422, encoded('JPEG', Image.fromarray(RGB).convert('CMYK'))),
    'cmyk tiff': (422, encoded('TIFF', Image.fromarray(RGB).convert('CMYK'))),
    'lab tiff': (422, encoded('TIFF', Image.fromarray(RGB).convert('LAB'))),
    'float tiff': (422, encoded('TIFF', RGB[..., 0].astype(np.float32))),
    'float tiff of nan': (422, encoded('TIFF', np.full((H, W), np.nan, np.float32))),
    'tiff of 32 bits': (422, encoded('TIFF', RGB[..., 0].astype(np.int32))),
    'tiff of nine channels': (422, grey_tiff(8, 8, b'\0' * 576, (277, [9]), (258, [8] * 9))),
    'run lengths in a bmp': (422, bmp(W, H, 8, 1, b'\x01\0' * W * H)),
    'png of no pixels': (400, png(0, 0, b'')),
    'png without a row': (400, png(W, 0, b'')),
    'tiff of no pixels': (400, grey_tiff(0, 0, b'')),
    'bmp of no pixels': (400, bmp(0, 0)),
    'png of 2^31 pixels a side': (413, png(2**31 - 1, 2**31 - 1, b'\0')),
    'jpeg that claims 65500 x 65500': (413, encoded('JPEG').replace(struct.pack('>HH', H, W), b'\xff\xdc' * 2, 1)),
    'bmp that claims 60000 x 60000': (413, bmp(60000, 60000, body=b'\0' * 1000)),
    'tiff that claims 2^31 pixels a side': (413, grey_tiff(2**31 - 1, 2**31 - 1, b'\0' * 64)),
    'png bomb': (413, png(20_000, 20_000, b'\0' * 50_000_000)),
    'tiff bomb': (413, grey_tiff(20_000, 20_000, zlib.compress(b'\0' * 50_000_000), (259, [8]))),
    'tiff with a tile of 900 megapixels': (413, grey_tiff(8, 8, zlib.compress(b'\0' * 50_000_000), (259, [8]),
                                                          (273, []), (278, []), (279, []), (322, [30_000]),
                                                          (323, [30_000]), (324, [4096]), (325, [50_000]))),
    'one pixel too many': (413, encoded('PNG', np.zeros((100, 1001), np.uint8))),
    'one row, too long': (413, encoded('PNG', np.zeros((1, 5001), np.uint8))),
    'one byte too many': (413, encoded('PNG').ljust(2**20 + 1, b'\0')),
    'colour profile that grows to 50 MB': (400, png(W, H, ROWS, chunk(
        b'iCCP', b'p\0\0' + zlib.compress(b'\0' * 50_000_000)), colour=2)),
    'text that grows to 50 MB': (400, png(W, H, ROWS, chunk(
        b'zTXt', b'Comment\0\0' + zlib.compress(b'\0' * 50_000_000)), colour=2)),
    'png of 80000 parts': (400, png(W, H, ROWS, chunk(b'prIv', b'') * 80_000, colour=2)),
    'jpeg of 200000 parts': (400, encoded('JPEG')[:2] + b'\xff\xe5\0\x02' * 200_000 + encoded('JPEG')[2:]),
    'jpeg of 1000 scans': (400, progressive(1000)),
    'wrong check sum of the pixels': (400, encoded('PNG').replace(b'IEND', b'IEND')[:-13] + b'\xaa'
                                      + encoded('PNG')[-12:]),
    'png without its end': (400, encoded('PNG')[:-12]),
    'png without a palette': (400, png(8, 2, (b'\0' + b'\7' * 8) * 2, colour=3)),
    'png of an unknown colour type': (400, png(8, 2, (b'\0' + b'\7' * 8) * 2, colour=5)),
    'png of 3 bits': (400, png(8, 2, (b'\0' + b'\7' * 3) * 2, bits=3)),
    'png whose pixels end early': (400, png(W, H, ROWS[:100], colour=2)),
    'png of garbage pixels': (400, png(W, H, b'', colour=2).replace(chunk(b'IDAT', zlib.compress(b'', 9)),
                                                                    chunk(b'IDAT', b'garbage' * 20))),
    'tiff with a circular list of pages': (400, b'II*\0\x08\0\0\0\0\0\x08\0\0\0'),
    'tiff whose directory is missing': (400, b'II*\0\xff\xff\xff\x7f' + b'\0' * 50),
    'tiff whose tags claim gigabytes': (400, huge_directory()),
    'jpeg 2000 that claims 2^31 pixels a side': (413, claiming(GREY_JPEG2000, 2**31 - 1, 2**31 - 1)),
    'jpeg 2000 bomb, of one pixel too many': (413, claiming(GREY_JPEG2000, 100, 1001)),
    'jpeg 2000 bomb of 10 million layers in tiles': (400, claiming(GREY_JPEG2000, W, H, layers=65535, tile=2)),
    'jpeg 2000 whose boxes claim less than its pixels': (400, claiming(encoded('JPEG2000'), 300, 300)),
    'jpeg 2000 of two pictures': (422, encoded('JPEG2000') * 2),
    'jpeg 2000 in CMYK': (422, as_cmyk(encoded('JPEG2000', np.dstack([RGB, RGB[..., :1]])))),
    'jpeg 2000 of 12 bits': (422, with_bits(GREY_JPEG2000, 12)),
    'jpeg 2000 of signed numbers': (422, with_bits(GREY_JPEG2000, 8 + 128)),
    'jpeg 2000 of 65535 boxes': (400, encoded('JPEG2000')[:12] + b'\0\0\0\x08free' * 65535 + encoded('JPEG2000')[12:]),
    **{f'half a {kind}': (400, encoded(kind)[:len(encoded(kind)) // 2]) for kind in FORMATS},
    **{f'header of a {kind}': (400, encoded(kind)[:20]) for kind in FORMATS},
    **{f'{kind} but its last 3 bytes': (400, encoded(kind)[:-3]) for kind in FORMATS if kind != 'TIFF'},
    **{f'{kind} that ends early and seems whole': (400, early(kind)) for kind in ('baseline', 'progressive')},
}


@pytest.mark.parametrize('case', BAD)
def test_bad_uploads_are_refused_in_one_sentence(case: str) -> None:
    status, data = BAD[case]
    with pytest.raises(UploadError) as caught:
        check(data)
    assert caught.value.status == status, caught.value.message
    message = caught.value.message
    assert message.startswith('part.png ') and str(caught.value) == message
    assert len(message) < 200 and '\n' not in message and '/tmp' not in message and '.py' not in message
    assert ': ' in message  # what to do


GOOD: dict[str, tuple[str, bytes, np.ndarray]] = {
    **{kind: (kind, encoded(kind, RGB, **({'lossless': True} if kind == 'WEBP' else {})), RGB)
       for kind in ('PNG', 'BMP', 'TIFF', 'WEBP', 'JPEG2000')},
    'raw jpeg 2000': ('raw', encoded('JPEG2000', no_jp2=True), RGB),
    'jpeg 2000 with alpha': ('JPEG2000', encoded('JPEG2000', np.dstack([RGB, RGB[..., :1]])), RGB),
    'jpeg 2000 in tiles': ('JPEG2000', encoded('JPEG2000', tile_size=(8, 8)), RGB),
    '16 bits jpeg 2000': ('JPEG2000', encoded('JPEG2000', DEEP[..., 0]), DEEP[..., [0, 0, 0]] / np.float32(257)),
    'jpeg 2000 and archive in one': ('raw', encoded('JPEG2000', no_jp2=True) + zipped(), RGB),
    'grey': ('PNG', encoded('PNG', RGB[..., 0]), RGB[..., [0, 0, 0]]),
    'alpha': ('PNG', encoded('PNG', np.dstack([RGB, RGB[..., :1]])), RGB),
    '16 bits': ('PNG', cv2.imencode('.png', DEEP[..., ::-1])[1].tobytes(), DEEP / np.float32(257)),
    '16 bits tiff': ('TIFF', cv2.imencode('.tif', DEEP[..., ::-1])[1].tobytes(), DEEP / np.float32(257)),
    '16 bits grey': ('PNG', encoded('PNG', DEEP[..., 0]), DEEP[..., [0, 0, 0]] / np.float32(257)),
    'picture and archive in one': ('PNG', encoded('PNG') + zipped(), RGB),
    'picture and page in one': ('PNG', png(W, H, ROWS, chunk(b'tEXt', b'Comment\0' + HTML), colour=2), RGB),
    'a chunk nobody knows': ('PNG', png(W, H, ROWS, chunk(b'prIv', b'x' * 100), colour=2), RGB),
    'turned by its EXIF data': ('PNG', encoded('PNG', np.rot90(RGB), exif=struct.pack(
        '<2sHIHHHIHHI', b'II', 42, 8, 1, 0x112, 3, 1, 6, 0, 0)), RGB),
    'palette with an index beyond its end': ('PNG', png(4, 1, b'\0\0\1\2\3', chunk(b'PLTE', bytes(range(6))), colour=3),
                                             np.array([[[0, 1, 2], [3, 4, 5], [0, 0, 0], [0, 0, 0]]])),
    'as large as allowed': ('PNG', encoded('PNG', np.zeros((100, 1000), np.uint8)).ljust(2**20, b'\0'),
                            np.zeros((100, 1000, 3))),
}


@pytest.mark.parametrize('case', GOOD)
def test_good_uploads_give_their_pixels(case: str) -> None:
    kind, data, expected = GOOD[case]
    checked = check(data, 'photo.jpg')  # a lying extension changes nothing
    np.testing.assert_allclose(checked.pixels, expected, rtol=1e-6)
    assert (checked.width, checked.height) == (expected.shape[1], expected.shape[0])
    assert (checked.extension, checked.content_type) == {
        'PNG': ('.png', 'image/png'), 'BMP': ('.bmp', 'image/bmp'), 'TIFF': ('.tif', 'image/tiff'),
        'WEBP': ('.webp', 'image/webp'), 'JPEG2000': ('.jp2', 'image/jp2'), 'raw': ('.j2k', 'image/j2c')}[kind]


@pytest.mark.parametrize('data', [
    encoded('JPEG'), encoded('JPEG', progressive=True), encoded('JPEG', Image.fromarray(RGB).convert('L')),
    encoded('MPO', save_all=True, append_images=[Image.new('RGB', (8, 8))]), encoded('JPEG') + zipped(),
    with_segment(0xe1, exif(b'II*\0\x08\0\0\0\x05\0\x12')),  # cut off
    with_segment(0xe1, exif(huge_directory(4000, 65_000)[:65_000])),
    encoded('JPEG')[:2] + with_segment(0xe1, exif(b'\0' * 65_000))[2:65_012] * 12 + encoded('JPEG')[2:],
    with_segment(0xe2, b'MPF\0' + huge_directory(4000, 65_000)[:65_000]),
    with_segment(0xe2, b'ICC_PROFILE\0\1\1' + b'\xff' * 60_000), progressive(20),
], ids=['baseline', 'progressive', 'grey', 'preview behind it', 'archive behind it', 'cut EXIF',
        'EXIF that claims much', 'giant EXIF', 'index that claims much', 'broken profile', '20 scans'])
def test_jpeg_as_opencv_decodes_it(data: bytes) -> None:
    checked = check(data)
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1].astype(int)
    assert np.abs(checked.pixels - expected).max() <= 3
    assert (checked.extension, checked.content_type) == ('.jpg', 'image/jpeg')


@pytest.mark.parametrize('kind', FORMATS)
def test_no_damage_escapes(kind: str) -> None:
    """Bytes changed at random: either refused or decoded, as the worker will decode the same file again."""
    data, generator = encoded(kind), np.random.default_rng(3)
    outcomes = set()
    for _ in range(60):
        damaged = bytearray(data)
        for place in generator.integers(0, len(data), 3):
            damaged[place] = generator.integers(0, 256)
        try:
            outcomes.add(check(bytes(damaged)).pixels.ndim)
        except UploadError as error:
            outcomes.add(error.status)
    assert outcomes <= {3, 400, 413, 415, 422} and outcomes & {400, 413, 415}


def test_the_worker_reads_the_same_pixels(tmp_path: Path) -> None:
    for case, (_, data, _) in GOOD.items():
        path = tmp_path / 'part'
        path.write_bytes(data)
        np.testing.assert_array_equal(check(data).pixels, read_image(path), err_msg=case)


def test_no_more_than_one_byte_too_many_is_read() -> None:
    class Endless(io.RawIOBase):
        taken = 0

        def read(self, count: int = -1) -> bytes:
            assert count > 0
            self.taken += count
            return b'\0' * count

    file = Endless()
    with pytest.raises(UploadError, match='larger than 1 MiB') as caught:
        check_upload(file, 'a.png', LIMITS)
    assert caught.value.status == 413 and file.taken == 2**20 + 1


def test_a_sender_who_hangs_up() -> None:
    class Broken(io.RawIOBase):
        def read(self, count: int = -1) -> bytes:
            raise ConnectionResetError('gone')

    with pytest.raises(UploadError, match='did not arrive') as caught:
        check_upload(Broken(), 'a.png', LIMITS)
    assert caught.value.status == 400


def test_reads_from_the_beginning_and_leaves_nothing_behind(tmp_path: Path) -> None:
    file = io.BytesIO(encoded('PNG'))
    file.seek(7)
    assert check_upload(file, 'a.png', LIMITS, tmp_path).width == W
    with pytest.raises(UploadError):
        check_upload(io.BytesIO(HTML), 'a.png', LIMITS, tmp_path)
    assert list(tmp_path.iterdir()) == [] and not file.closed


def test_many_threads_at_once() -> None:
    found = []

    def send(number: int) -> None:
        for case in ('PNG', 'png bomb', '16 bits', 'cmyk jpeg'):
            try:
                found.append((case, check(GOOD[case][1] if case in GOOD else BAD[case][1]).width))
            except UploadError as error:
                found.append((case, error.status))

    threads = [threading.Thread(target=send, args=(number, )) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {('PNG', W), ('png bomb', 413), ('16 bits', W), ('cmyk jpeg', 422)} and len(found) == 32


@pytest.mark.parametrize('name, shown', [
    ('part.png', 'part.png'), ('../../etc/passwd', 'passwd'), ('/etc/shadow', 'shadow'),
    ('C:\\Windows\\a.png', 'a.png'),
    ('..', '..'), ('', 'the file'), ('a/', 'the file'), ('a\0.png', 'a.png'), ('a\r\nSet-Cookie: b', 'aSet-Cookie: b'),
    ('gnp.\u202etrap.exe', 'gnp.trap.exe'), ('\ufeff\u200b', 'the file'), ('\ud800.png', '.png'),
    ('x' * 5000, 'x' * 120),
    ('Prüfteil 検査.png', 'Prüfteil 検査.png'),
])
def test_names_are_only_shown(name: str, shown: str) -> None:
    assert shown_name(name) == shown
    with pytest.raises(UploadError, match=re.escape(shown)):
        check(b'x', name)
    assert check(encoded('PNG'), name).width == W


@pytest.mark.parametrize(('name', 'folder', 'shown'), [
    ('a.png', 'good', 'good/a.png'), ('x/a.png', 'line 3/bad', 'line 3/bad/a.png'), ('a.png', 'C:\\b\\', 'C:/b/a.png'),
    ('a.png', '../../etc', 'etc/a.png'), ('a.png', '/', 'a.png'), ('a.png', './.', 'a.png'),
    ('', 'b\0\r\n', 'b/the file'),
    ('a.png', '検査/良品', '検査/良品/a.png'), ('a.png', 'x' * 130, '…' + 'x' * 113 + '/a.png'),
    ('y' * 130, 'b', '…' + 'y' * 119)])
def test_folders_are_shown_before_names(name: str, folder: str, shown: str) -> None:
    assert shown_name(name, folder) == shown and len(shown) <= 120


BOMBS = """
import resource, sys
from pathlib import Path
from peak_memory import peak
from mminspect.station.uploads import Limits, UploadError, check_upload

def check(path):
    with open(path, 'rb') as file:
        try:
            check_upload(file, path.name, Limits(2**20, 100_000, 5000))
        except UploadError as error:
            return error.status

first, *bombs = map(Path, sys.argv[1:])
check(first)
before = peak()
resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32))
print(*map(check, bombs), peak() - before)
"""


def test_bombs_take_no_memory(tmp_path: Path) -> None:
    """Each file has at most 1 MiB and would take 50 MB to gigabytes."""
    bombs = [case for case in BAD if any(word in case for word in ('claim', 'bomb', 'grows', 'tile'))]
    paths = [tmp_path / 'first', *(tmp_path / str(number) for number in range(len(bombs)))]
    for path, data in zip(paths, [encoded('PNG'), *(BAD[case][1] for case in bombs)], strict=True):
        path.write_bytes(data)
    done = subprocess.run([sys.executable, '-c', BOMBS, *map(str, paths)], capture_output=True, text=True, timeout=100,
                          check=False, env={**os.environ, 'PYTHONPATH': f'{ROOT}/projects:{ROOT}/tests'})
    assert done.returncode == 0, done.stderr
    *statuses, kilobytes = map(int, done.stdout.split())
    assert dict(zip(bombs, statuses, strict=True)) == {case: BAD[case][0] for case in bombs}
    assert len(bombs) >= 10 and kilobytes < 20_000

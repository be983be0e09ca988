"""Structure of JPEG 2000 files: what a decoder would take memory for, and where a file ends early."""
from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from jpeg2000_files import SIZ, SOT, changed, claiming
from mminspect.station.jpeg2000 import StructureError, check
from mminspect.vision.unusual import UnusualImageError

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (100, 150, 3), dtype=np.uint8))


def encoded(picture: Image.Image = PICTURE, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, 'JPEG2000', **options)
    return file.getvalue()


RAW, BOXED = encoded(no_jp2=True), encoded()


@pytest.mark.parametrize('data', [
    BOXED, RAW, encoded(tile_size=(16, 16)), encoded(precinct_size=(32, 32)), encoded(codeblock_size=(8, 8)),
    encoded(quality_mode='rates', quality_layers=[50, 20, 5]), encoded(progression='CPRL', num_resolutions=3),
    encoded(PICTURE.convert('RGBA')), encoded(PICTURE.convert('L')), encoded(irreversible=True), RAW + b'behind it',
    BOXED + b'\0\0\0\x0bfree123', changed(RAW, SOT, 6, bytes(4)), changed(BOXED, b'jp2c', -4, bytes(4)),
    BOXED.replace(struct.pack('>I', len(BOXED) - BOXED.index(b'jp2c') + 4) + b'jp2c', struct.pack('>I', 1) + b'jp2c'
                  + struct.pack('>Q', len(BOXED) - BOXED.index(b'jp2c') + 12)),
], ids=['boxes', 'raw', 'tiles', 'precincts', 'blocks', 'layers', 'progression', 'alpha', 'grey', 'irreversible',
        'bytes behind it', 'box behind it', 'tile to the end', 'box to the end', 'long box'])
def test_sound_files(data: bytes) -> None:
    check(data)
    with Image.open(io.BytesIO(data), formats=['JPEG2000']) as image:
        image.load()


@pytest.mark.parametrize('data', [RAW, BOXED, encoded(tile_size=(16, 16))], ids=['raw', 'boxes', 'tiles'])
def test_a_file_that_ends_anywhere_is_noticed(data: bytes) -> None:
    for length in [*range(12, 400), *range(400, len(data), 97), len(data) - 2, len(data) - 1]:
        with pytest.raises(StructureError):
            check(data[:length])
    with pytest.raises(StructureError, match='end is missing'):
        check(data[:len(data) // 2])


def test_an_end_mark_behind_half_of_the_pixels_deceives_nobody() -> None:
    with pytest.raises(StructureError, match='end is missing'):
        check(RAW[:len(RAW) // 2] + b'\xff\xd9')
    with pytest.raises(StructureError, match='end is missing'):
        check(changed(RAW, SOT, 6, bytes(4))[:-2])  # up to the mark of the end, which is not there


@pytest.mark.parametrize('claims', [
    dict(block=4), dict(tile=8), dict(tile=256, layers=65535)], ids=['blocks', 'tiles', 'layers'])
def test_more_parts_than_a_picture_has(claims: dict[str, int]) -> None:
    with pytest.raises(StructureError, match='too many parts'):
        check(claiming(RAW, 10_000, 10_000, **claims))


@pytest.mark.parametrize('claims', [
    dict(), dict(block=32), dict(tile=128), dict(tile=256, layers=50)],
    ids=['large', 'blocks of 32', 'tiles of 128', '50 layers'])
def test_as_many_parts_as_programs_write(claims: dict[str, int]) -> None:
    check(claiming(RAW, 10_000, 10_000, **claims))
    check(claiming(RAW, 60_000, 60_000))


def test_a_style_of_one_channel_or_tile_is_counted_too() -> None:
    def with_segment(marker: bytes, segment: bytes) -> bytes:
        data = claiming(RAW, 10_000, 10_000)
        start = data.index(marker)
        whole = data[:start] + segment + data[start:]
        if marker == SOT:
            return whole
        length = int.from_bytes(data[data.index(SOT) + 6:data.index(SOT) + 10], 'big')
        return changed(whole, SOT, 6, struct.pack('>I', length + len(segment)))

    for block, marker in ((4, SOT), (0, SOT), (4, b'\xff\x93'), (0, b'\xff\x93')):
        segment = b'\xff\x53' + struct.pack('>HBBBBBBB', 9, 1, 0, 5, block, block, 0, 1)
        data = with_segment(marker, segment)
        if block:
            check(data)
        else:
            with pytest.raises(StructureError, match='too many parts'):
                check(data)


def test_number_of_parts_of_tiles() -> None:
    start, part = RAW.index(SOT), SOT + struct.pack('>HHIBB', 10, 0, 14, 0, 0) + b'\xff\x93'
    check(RAW[:start] + part * 100_000 + RAW[start:])
    with pytest.raises(StructureError, match='too many parts'):
        check(RAW[:start] + part * 2**17 + RAW[start:])


def test_boxes_must_say_what_the_pixels_say() -> None:
    with pytest.raises(StructureError, match='contradict'):
        check(changed(BOXED, b'ihdr', 4, struct.pack('>I', 50)))
    picture = BOXED[BOXED.index(b'jp2c') - 4:]
    with pytest.raises(UnusualImageError, match='several pictures'):
        check(BOXED + picture)
    with pytest.raises(StructureError, match='pixels are missing'):
        check(BOXED[:-len(picture)])
    with pytest.raises(StructureError, match='too many parts'):
        check(BOXED[:12] + b'\0\0\0\x08free' * 1001 + BOXED[12:])


@pytest.mark.parametrize(('place', 'content', 'error'), [
    (38, struct.pack('>H', 300), UnusualImageError), (14, struct.pack('>I', 200), StructureError),
    (22, bytes(4), StructureError), (30, struct.pack('>I', 1), StructureError)],
    ids=['channels', 'no pixels', 'tiles of nothing', 'tiles beside the picture'])
def test_impossible_descriptions(place: int, content: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        check(changed(RAW, SIZ, place, content))


def test_damage_gives_no_other_error() -> None:
    generator, refused = np.random.default_rng(1), 0
    for data in (RAW, BOXED):
        for _ in range(500):
            damaged = bytearray(data)
            for place in generator.integers(0, 300, 2):
                damaged[place] = generator.integers(0, 256)
            try:
                check(bytes(damaged))
            except (StructureError, UnusualImageError):
                refused += 1
    assert refused > 100

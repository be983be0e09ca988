"""Of a JPEG that ends early, decoders show the rest in grey; compared here with what was encoded."""
from __future__ import annotations

import io
from itertools import pairwise

import cv2
import numpy as np
import pytest
from PIL import Image

from mminspect.vision.jpeg import END, SCAN, Segment, ends_early, segments

PHOTO = cv2.resize(np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8), (160, 120))
FLAT = np.full((120, 160, 3), 128, np.uint8)  # as grey as what decoders fill in


def encoded(pixels: np.ndarray = PHOTO, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, 'JPEG', **options)
    return file.getvalue()


KINDS = {
    'plain': encoded(), 'fine': encoded(quality=100, subsampling=0), 'coarse': encoded(quality=5),
    'grey': encoded(PHOTO[..., 0]), 'progressive': encoded(progressive=True), 'optimised': encoded(optimize=True),
    'restarts': encoded(restart_marker_rows=1), 'restarts in blocks': encoded(restart_marker_blocks=3),
    'flat': encoded(FLAT), 'one pixel': encoded(PHOTO[:1, :1]), 'odd sides': encoded(PHOTO[:117, :3]),
    'by OpenCV': cv2.imencode('.jpg', PHOTO)[1].tobytes(),
    'progressive by OpenCV': cv2.imencode('.jpg', PHOTO, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()}


def without_end(jpeg: bytes, share: float) -> bytes:
    """So much of the first scan, and an end mark as if that were all."""
    start = jpeg.index(b'\xff\xda') + 2 + int.from_bytes(jpeg[jpeg.index(b'\xff\xda') + 2:][:2], 'big')
    return jpeg[:start + round(share * (len(jpeg) - start))].rstrip(b'\xff') + b'\xff\xd9'


def decoded(jpeg: bytes) -> np.ndarray | None:
    """As readers give it; None of scans without which a decoder does not begin."""
    try:
        return np.asarray(Image.open(io.BytesIO(jpeg)))
    except OSError:
        return None


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('behind', [b'', b'\0' * 50, b'more of another program'])
def test_whole_ones_do_not(kind: str, behind: bytes) -> None:
    assert not ends_early(KINDS[kind] + behind)
    assert not ends_early(KINDS[kind] + behind, decoded(KINDS[kind]))


@pytest.mark.parametrize('kind', [kind for kind in KINDS if kind != 'one pixel'])
@pytest.mark.parametrize('share', [0.02, 0.3, 0.9])
def test_those_whose_pixels_stop_short_of_the_end_mark_do(kind: str, share: float) -> None:
    jpeg = without_end(KINDS[kind], share)
    assert ends_early(jpeg) and ends_early(jpeg, decoded(jpeg))
    if 'progressive' not in kind:  # of these the cut may be between the scans
        assert Image.open(io.BytesIO(jpeg)).convert('RGB').size  # a decoder sees nothing wrong


@pytest.mark.parametrize('kind', KINDS)
def test_those_without_an_end_mark_do(kind: str) -> None:
    assert ends_early(KINDS[kind][:-2]) and ends_early(KINDS[kind][:-1])


def test_an_end_mark_of_a_thumbnail_is_none() -> None:
    """In front of the picture, in a segment of the camera's."""
    thumbnail = b'Exif\0\0' + encoded(PHOTO[:16, :16])
    segment = b'\xff\xe1' + (len(thumbnail) + 2).to_bytes(2, 'big') + thumbnail
    jpeg = KINDS['plain'][:2] + segment + KINDS['plain'][2:]
    assert not ends_early(jpeg) and ends_early(jpeg[:-300])


def test_the_last_blocks_count() -> None:
    """Of 300 blocks the last row is missing."""
    jpeg, pixels = KINDS['fine'], np.asarray(Image.open(io.BytesIO(KINDS['fine'])))
    cut = without_end(jpeg, 0.97)
    differ = np.nonzero((np.asarray(Image.open(io.BytesIO(cut))) != pixels).any((1, 2)))[0]
    assert differ.min() >= 104 and ends_early(cut)


@pytest.mark.parametrize('sides', [(160, 112), (152, 120), (145, 119), (161, 113)])
@pytest.mark.parametrize('subsampling', [0, 1, 2])
def test_the_last_block_tells_wherever_a_larger_picture_is_cut(sides: tuple[int, int], subsampling: int) -> None:
    """By an end mark; also where colours of the last block blend with those of its neighbour."""
    pixels = np.random.default_rng(1).integers(0, 256, (*sides[::-1], 3), dtype=np.uint8)
    jpeg = encoded(pixels, subsampling=subsampling, quality=40)
    whole, (wide, high) = decoded(jpeg), ((8, 8), (16, 8), (16, 16))[subsampling]
    noticed = 0
    start, end = jpeg.rindex(b'\xff\xda') + 20, len(jpeg) - 500
    for cut in [*range(start, end, 457), *range(end, len(jpeg) - 2, 13)]:
        short = jpeg[:cut].rstrip(b'\xff') + b'\xff\xd9'
        seen = decoded(short)
        rows, columns = np.nonzero((seen != whole).any(2))
        last = not len(rows) or (rows.min() >= (sides[1] - 1) // high * high - 1
                                 and columns.min() >= (sides[0] - 1) // wide * wide - 1)
        assert last or (ends_early(short, seen) and ends_early(short) and ends_early(short, seen[-1:, -1:]))
        noticed += not last
    assert noticed > 30


def test_pixels_that_were_decoded_spare_the_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    """But for small pictures, of which the last 16 x 16 pixels are a good part."""
    pixels = {kind: decoded(KINDS[kind]) for kind in ('plain', 'grey', 'by OpenCV', 'flat', 'progressive')}
    monkeypatch.setattr('mminspect.vision.jpeg._decoded', lambda *_: 1 / 0)
    for kind in ('plain', 'grey', 'by OpenCV'):
        assert not ends_early(KINDS[kind], pixels[kind])
    small = encoded(PHOTO[:100, :100])
    for jpeg, seen in ((KINDS['flat'], pixels['flat']), (KINDS['progressive'], pixels['progressive']),
                       (small, decoded(small))):  # as grey as what is filled in; of several scans
        with pytest.raises(ZeroDivisionError):
            ends_early(jpeg, seen)


def test_scans_of_colour_count() -> None:
    """Of a progressive file one scan after the other ends early; most of them hold no brightness."""
    jpeg = KINDS['progressive']
    found = list(segments(jpeg))
    scans = [(one.end, after.start) for one, after in pairwise(found) if one.marker == SCAN]
    assert len(scans) == 10
    assert all(ends_early(jpeg[:(start + end) // 2].rstrip(b'\xff') + jpeg[end:]) for start, end in scans)


def test_segments() -> None:
    jpeg = (b'\xff\xd8' + b'\xff\xe0\0\x04ab' + b'junk\xff\0' + b'\xff\xff\xfe\0\x03c' + b'\xff\x01'
            + b'\xff\xda\0\x02' + b'12\xff\0\xff\xd034' + b'\xff\xff\xc4\0\x02' + b'\xff\xd9' + b'\xff\xe0')
    assert list(segments(jpeg)) == [
        Segment(0xe0, 2, 8), Segment(0xfe, 15, 20), Segment(0x01, 20, 22), Segment(SCAN, 22, 26),
        Segment(0xc4, 35, 39), Segment(END, 39, 41)]
    assert list(segments(b'')) == list(segments(b'\xff\xd8')) == list(segments(b'\xff\xd8\xff')) == []
    assert [one.marker for one in segments(jpeg[:34])] == [0xe0, 0xfe, 0x01, SCAN]


def test_segments_of_what_pillow_writes() -> None:
    """Pillow notes the segments in front of the pixels by itself."""
    jpeg = encoded(exif=b'Exif\0\0II*\0\x08\0\0\0\0\0', comment=b'made here')
    image = Image.open(io.BytesIO(jpeg))
    noted = [(0xe0 + int(name[3:]) if name.startswith('APP') else 0xfe, content) for name, content in image.applist]
    found = [(marker, jpeg[start + 4:end]) for marker, start, end in segments(jpeg)]
    assert [one for one in found if one[0] >= 0xe0] == noted and len(noted) == 3
    assert [marker for marker, _ in found if marker < 0xe0] == [0xdb, 0xdb, 0xc0, 0xc4, 0xc4, 0xc4, 0xc4, SCAN, END]

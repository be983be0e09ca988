"""Of a JPEG that ends early, decoders show the rest in grey; compared here with what was encoded."""
from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from mminspect.vision.jpeg import ends_early

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


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('behind', [b'', b'\0' * 50, b'more of another program'])
def test_whole_ones_do_not(kind: str, behind: bytes) -> None:
    assert not ends_early(KINDS[kind] + behind)


@pytest.mark.parametrize('kind', [kind for kind in KINDS if kind != 'one pixel'])
@pytest.mark.parametrize('share', [0.02, 0.3, 0.9])
def test_those_whose_pixels_stop_short_of_the_end_mark_do(kind: str, share: float) -> None:
    jpeg = without_end(KINDS[kind], share)
    assert ends_early(jpeg)
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

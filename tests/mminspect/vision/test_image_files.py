from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mminspect.core.errors import UserError
from mminspect.survey.measures import measure
from mminspect.vision.image_files import probe_image
from mminspect.vision.images import read_image, read_mask
from mminspect.vision.reading import Reading


@pytest.fixture
def write_image() -> Callable[..., Path]:
    """write_image(path, width, height): a picture of random pixels in the format of the suffix."""

    def write(path: Path, width: int = 64, height: int = 48) -> Path:
        pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
        assert cv2.imwrite(str(path), pixels)
        return path

    return write


SUFFIXES = ('.jpg', '.png', '.bmp', '.tif', '.webp')


@pytest.mark.parametrize('suffix', SUFFIXES)
def test_whole_file(tmp_path: Path, write_image: Callable, suffix: str) -> None:
    probe = probe_image(write_image(tmp_path / f'a{suffix}', 70, 30))
    assert (probe.size, probe.problem) == ((70, 30), None)


@pytest.mark.parametrize('suffix', SUFFIXES)
@pytest.mark.parametrize('keep', [0.3, 0.6, 0.97])
def test_truncated_file(tmp_path: Path, write_image: Callable, suffix: str, keep: float) -> None:
    path = write_image(tmp_path / f'a{suffix}', 200, 150)
    data = path.read_bytes()
    path.write_bytes(data[:int(len(data) * keep)])
    assert probe_image(path).problem in ('truncated', 'not an image')


@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_download_that_left_zeros_at_the_end(tmp_path: Path, write_image: Callable, suffix: str) -> None:
    path = write_image(tmp_path / f'a{suffix}', 200, 150)
    data = path.read_bytes()
    path.write_bytes(data[:len(data) // 2] + bytes(len(data) - len(data) // 2))
    assert probe_image(path).problem == 'truncated'


@pytest.mark.parametrize('options', [{}, dict(progressive=True), dict(quality=30)])
@pytest.mark.parametrize('turn', [1, 6])
@pytest.mark.parametrize('mode', ['RGB', 'L', 'CMYK'])
def test_jpeg_whose_pixels_end_early_with_an_end_mark(tmp_path: Path, options: dict, turn: int, mode: str) -> None:
    """The check, and all readers of pixels: neither Pillow nor OpenCV says anything."""
    rng, exif, file = np.random.default_rng(0), Image.Exif(), io.BytesIO()
    exif[0x0112] = turn
    pixels = cv2.resize(rng.integers(0, 256, (15, 20, 3), dtype=np.uint8), (200, 150))
    Image.fromarray(pixels).convert(mode).save(file, 'JPEG', exif=exif, **options)
    path, data = tmp_path / 'a.jpg', file.getvalue()
    path.write_bytes(data)
    assert probe_image(path).problem is None and read_image(path).shape[:2] == ((150, 200) if turn == 1 else (200, 150))
    path.write_bytes(data[:len(data) * 3 // 4].rstrip(b'\xff') + b'\xff\xd9')
    assert cv2.imread(str(path)) is not None and Image.open(path).convert('RGB').size == (200, 150)
    assert probe_image(path).problem == 'truncated'
    for read in (read_image, read_mask, lambda path: measure(str(path), Reading())):
        with pytest.raises(UserError, match=r'cannot be decoded \(its end is missing\)'):
            read(path)


def test_opencv_says_nothing_about_a_truncated_jpeg(tmp_path: Path, write_image: Callable) -> None:
    """Why the probe exists; if this fails one day, OpenCV's own answer may do."""
    path = write_image(tmp_path / 'a.jpg', 200, 150)
    path.write_bytes(path.read_bytes()[:-2000])
    assert cv2.imread(str(path)) is not None


def test_bytes_after_the_end_are_harmless(tmp_path: Path, write_image: Callable) -> None:
    """Few, within what is searched, and many, where a strict decoder has the last word."""
    for extra in (10, 100_000):
        path = write_image(tmp_path / 'a.jpg')
        path.write_bytes(path.read_bytes() + bytes(extra))
        assert probe_image(path).problem is None


def test_bmp_without_a_size_in_its_header(tmp_path: Path, write_image: Callable) -> None:
    path = write_image(tmp_path / 'a.bmp')
    data = path.read_bytes()
    path.write_bytes(data[:2] + bytes(4) + data[6:])
    assert probe_image(path).problem is None
    path.write_bytes(data[:2] + bytes(4) + data[6:-100])
    assert probe_image(path).problem == 'truncated'


def test_check_sums_of_a_png(tmp_path: Path, write_image: Callable) -> None:
    """Pillow does not compare those of the pixels."""
    path = write_image(tmp_path / 'a.png')
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert probe_image(path).problem == 'truncated'


@pytest.mark.parametrize(('suffix', 'kind'), [('.png', 'JPEG'), ('.jpg', 'PNG'), ('.tif', 'WEBP'), ('.jp2', 'BMP')])
def test_content_decides_not_the_name(tmp_path: Path, suffix: str, kind: str) -> None:
    Image.new('RGB', (7, 5)).save(tmp_path / f'a{suffix}', kind)
    assert probe_image(tmp_path / f'a{suffix}').size == (7, 5)


def test_missing_empty_and_other_files(tmp_path: Path) -> None:
    assert probe_image(tmp_path / 'none.png').problem == 'missing'
    assert probe_image(tmp_path).problem == 'missing'
    (tmp_path / 'empty.png').touch()
    assert probe_image(tmp_path / 'empty.png').problem == 'empty'
    (tmp_path / 'text.png').write_text('hello')
    assert probe_image(tmp_path / 'text.png').problem == 'not an image'


def test_a_link_to_itself(tmp_path: Path) -> None:
    (tmp_path / 'a.png').symlink_to(tmp_path / 'a.png')
    (tmp_path / 'b.png').symlink_to(tmp_path / 'gone.png')
    assert [probe_image(tmp_path / name).problem for name in ('a.png', 'b.png')] == ['a link to itself', 'missing']


@pytest.mark.skipif(not hasattr(os, 'geteuid') or os.geteuid() == 0, reason='root may read every file')
def test_unreadable_file(tmp_path: Path, write_image: Callable) -> None:
    path = write_image(tmp_path / 'a.png')
    path.chmod(0)
    assert probe_image(path).problem == 'not readable'


@pytest.mark.parametrize('orientation', range(1, 9))
def test_size_is_that_of_opencv_for_every_exif_orientation(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((30, 70, 3), np.uint8)).save(buffer, 'JPEG', exif=exif)
    path = tmp_path / 'a.jpg'
    path.write_bytes(buffer.getvalue())
    height, width = cv2.imread(str(path), cv2.IMREAD_COLOR).shape[:2]
    assert probe_image(path).size == (width, height)


def test_limit_of_pixels(tmp_path: Path, write_image: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow's own limit is lifted to ours, and stays as it was for everybody else."""
    path = write_image(tmp_path / 'a.png', 70, 30)
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 100)
    assert probe_image(path).problem is None
    assert Image.MAX_IMAGE_PIXELS == 100
    monkeypatch.setattr('mminspect.vision.decoding.MAXIMUM_PIXELS', 2000)
    assert probe_image(path).problem == 'too large'


def test_thousands_take_seconds(tmp_path: Path) -> None:
    """Of pictures as cameras write them: a scene with some noise. Codes are read to their end, at about 0.1 GB/s."""
    rng, path = np.random.default_rng(0), tmp_path / 'a.jpg'
    scene = cv2.resize(rng.integers(0, 256, (23, 55, 3), dtype=np.uint8), (1088, 460), interpolation=cv2.INTER_CUBIC)
    assert cv2.imwrite(str(path), np.clip(scene + rng.normal(0, 2, scene.shape), 0, 255).astype(np.uint8),
                       [cv2.IMWRITE_JPEG_QUALITY, 90])
    start = time.process_time()
    for _ in range(300):
        assert probe_image(path).problem is None
    assert time.process_time() - start < 1.0  # 11 s for 3300 on a slow machine; about 0.5 s on a usual one

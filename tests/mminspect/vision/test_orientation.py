"""Images that ask to be turned."""
from pathlib import Path

import pytest
from PIL import Image

from mminspect.vision.orientation import is_turned, orientation_warnings


def write(path: Path, orientation: int | None) -> Path:
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    Image.new('RGB', (64, 48)).save(path, exif=exif)
    return path


@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.tif', '.webp'])
def test_tag_is_found(tmp_path: Path, suffix: str) -> None:
    found = [is_turned(write(tmp_path / f'{value}{suffix}', value)) for value in (None, 1, 2, 3, 6, 8)]
    assert found == [False, False, True, True, True, True]


def test_what_cannot_be_read_is_not_turned(tmp_path: Path) -> None:
    (tmp_path / 'a.jpg').write_bytes(b'\xff\xd8\xff\xe1\x00')
    (tmp_path / 'a.txt').write_text('a')
    assert not any(map(is_turned, (tmp_path / 'a.jpg', tmp_path / 'a.txt', tmp_path / 'gone.jpg', tmp_path)))


def test_warning_counts_and_says_what_to_do(tmp_path: Path) -> None:
    paths = [write(tmp_path / f'{n}.jpg', 3 if n else None) for n in range(5)]
    [text] = orientation_warnings(paths, applied=True)
    assert text.startswith('4 of 5 images carry an EXIF orientation and are turned') and 'set orientation=False' in text
    assert '1.jpg' in text and '3.jpg' in text and '4.jpg' not in text
    [text] = orientation_warnings(paths, applied=False, drawn='masks')
    assert 'are not turned' in text and 'the masks were drawn on the turned images' in text
    assert orientation_warnings(paths[:1], applied=True) == []

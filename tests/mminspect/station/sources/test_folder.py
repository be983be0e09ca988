from __future__ import annotations

from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from mminspect.core.errors import UserError
from mminspect.station.sources import open_source

FAST = 1000


def fill(folder: Path, names: tuple[str, ...] = ('b.png', 'a.png', 'c.PNG')) -> Path:
    for number, name in enumerate(sorted(names, key=str.lower)):
        picture = np.zeros((4, 5, 3), np.uint8)
        picture[..., 2] = 10 * number + 1  # red for OpenCV
        (folder / name).write_bytes(cv2.imencode('.png', picture)[1].tobytes())
    return folder


def reds(source: str, count: int, **options) -> list[int]:
    return [int(frame.pixels[0, 0, 0]) for frame in islice(open_source(source, FAST, **options).frames(), count)]


def test_images_by_name_again_and_again(tmp_path: Path) -> None:
    (tmp_path / '.hidden.png').write_bytes(b'x')
    (tmp_path / 'notes.txt').write_bytes(b'x')
    assert reds(f'folder:{fill(tmp_path)}', 7) == [1, 11, 21, 1, 11, 21, 1]
    assert reds(f'folder:{tmp_path}', 7, loop=False) == [1, 11, 21]


def test_pixels_are_rgb_of_8_bits(tmp_path: Path) -> None:
    deep = np.random.default_rng(0).integers(0, 65536, (4, 5, 3), dtype=np.uint16)
    (tmp_path / 'a.png').write_bytes(cv2.imencode('.png', deep)[1].tobytes())
    pixels = next(open_source(f'folder:{tmp_path}').frames()).pixels
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, np.rint(deep[..., ::-1] / 257))


def test_new_images_are_shown_at_the_next_turn(tmp_path: Path) -> None:
    frames = open_source(f'folder:{fill(tmp_path, ("a.png", ))}', FAST).frames()
    next(frames)
    fill(tmp_path, ('a.png', 'b.png'))
    assert [int(next(frames).pixels[0, 0, 0]) for _ in range(2)] == [1, 11]


def test_damaged_images_are_left_out_and_told(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / 'b.png').write_bytes((tmp_path / 'b.png').read_bytes()[:30])
    said: list[str] = []
    frames = open_source(f'folder:{tmp_path}', FAST, report=said.append).frames()
    assert [int(next(frames).pixels[0, 0, 0]) for _ in range(5)] == [1, 21, 1, 21, 1]
    assert len([text for text in said if text]) == 1 and 'b.png' in ''.join(said)
    fill(tmp_path)
    assert [int(next(frames).pixels[0, 0, 0]) for _ in range(6)][-3:] == [11, 21, 1]
    assert said[-1] == ''


def test_mistakes(tmp_path: Path) -> None:
    with pytest.raises(UserError, match='does not exist'):
        open_source(f'folder:{tmp_path / "missing"}')
    with pytest.raises(UserError, match='there is no image'):
        open_source(f'folder:{tmp_path}')
    (tmp_path / 'a.png').write_bytes(b'x')
    with pytest.raises(UserError, match=r'no image in .* can be read'):
        list(open_source(f'folder:{tmp_path}').frames())

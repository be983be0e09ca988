"""Reading of tiles."""
from pathlib import Path

import cv2
import numpy as np

from fdrd.transforms import LoadTile


def write(path: Path, seed: int) -> np.ndarray:
    pixels = np.random.default_rng(seed).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    cv2.imwrite(str(path), pixels)
    return pixels


def test_a_tile_is_its_part_of_the_image_with_the_border_repeated(tmp_path: Path) -> None:
    pixels = write(tmp_path / 'a.png', 0)
    found = LoadTile()(dict(img_path=str(tmp_path / 'a.png'), tile=(30, 40, 62, 72)))
    np.testing.assert_array_equal(found['img'][:20, :30], pixels[30:, 40:])
    assert (found['img'][20:, :30] == pixels[-1, 40:]).all()
    assert found['img'].shape[:2] == found['img_shape'] == found['ori_shape'] == (32, 32)


def test_an_image_is_decoded_once_for_its_tiles(tmp_path: Path, monkeypatch) -> None:
    for seed, name in enumerate('ab'):
        write(tmp_path / f'{name}.png', seed)
    reads, load, original = [], LoadTile(), LoadTile.read
    monkeypatch.setattr(LoadTile, 'read', lambda self, path: reads.append(path[-5]) or original(self, path))
    for name in 'aabba':
        first = load(dict(img_path=str(tmp_path / f'{name}.png'), tile=(0, 0, 8, 8)))
        first['img'][:] = 0  # what comes later in a pipeline may write
    assert reads == ['a', 'b', 'a']
    again = load(dict(img_path=str(tmp_path / 'a.png'), tile=(0, 0, 8, 8)))
    assert again['img'].any()


def test_without_a_tile_the_whole_image_is_read(tmp_path: Path) -> None:
    pixels = write(tmp_path / 'a.png', 0)
    np.testing.assert_array_equal(LoadTile()(dict(img_path=str(tmp_path / 'a.png')))['img'], pixels)

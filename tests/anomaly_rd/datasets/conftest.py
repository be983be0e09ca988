"""Small categories of random images, and the real ones where they are at hand."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.registry import DefaultScope

import anomaly_rd.datasets  # noqa: F401 (registers the components)
from helpers import shared

SIZE = (40, 48)  # height, width


@pytest.fixture(autouse=True)
def anomaly_rd_scope() -> Iterator[None]:
    with DefaultScope.overwrite_default_scope('anomaly_rd'):
        yield


@pytest.fixture
def write_image() -> Callable[..., Path]:
    """write_image(path, size): random pixels, different for each path, in the format of the suffix."""

    def write(path: Path, size: tuple[int, int] = SIZE) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        seed = [ord(letter) for letter in '/'.join(path.parts[-3:])]
        assert cv2.imwrite(str(path), np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8))
        return path

    return write


@pytest.fixture
def write_mask() -> Callable[..., Path]:
    """write_mask(path, box, size): 255 inside of box (y0, x0, y1, x1)."""

    def write(path: Path, box: tuple[int, int, int, int] = (8, 4, 20, 24), size: tuple[int, int] = SIZE) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        mask = np.zeros(size, np.uint8)
        mask[box[0]:box[2], box[1]:box[3]] = 255
        assert cv2.imwrite(str(path), mask)
        return path

    return write


@pytest.fixture
def category(tmp_path: Path, write_image: Callable, write_mask: Callable) -> Path:
    """Category 'part' in the folder 'data': 6 good ones for training, 2 good, 3 with holes and 1 with a scratch.

    The same names are in every folder, as in MVTec AD.
    """
    root = tmp_path / 'data' / 'part'
    for folder, count in {'train/good': 6, 'test/good': 2, 'test/hole': 3, 'test/scratch': 1}.items():
        for index in range(count):
            write_image(root / folder / f'{index:03d}.png')
            if 'good' not in folder:
                write_mask(root / 'ground_truth' / folder.split('/')[1] / f'{index:03d}_mask.png',
                           (8, 4, 20 + index, 24))
    return root


@pytest.fixture(scope='session')
def mvtec_screw() -> Path:
    """data_root of the real category 'screw'; the test is skipped where it is absent."""
    return shared('data/mvtec_screw')


@pytest.fixture(scope='session')
def aitex_fabric() -> Path:
    """data_root of the real category 'fabric02'; the test is skipped where it is absent."""
    return shared('data/aitex_fabric02')

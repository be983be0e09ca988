from __future__ import annotations

import time
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from mminspect.core.errors import UserError
from mminspect.station.sources import open_source

COUNT, FPS = 6, 25.0


@pytest.fixture(scope='module')
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six frames whose red grows."""
    path = tmp_path_factory.mktemp('video') / 'line.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), FPS, (64, 48))
    assert writer.isOpened()
    for number in range(COUNT):
        writer.write(np.full((48, 64, 3), (20, 60, 100 + 20 * number), np.uint8))
    writer.release()
    return path


def test_frames_in_order_and_in_rgb(video: Path) -> None:
    frames = list(open_source(f'video:{video}', rate=1000, loop=False).frames())
    assert len(frames) == COUNT and frames[0].pixels.shape == (48, 64, 3)
    for number, frame in enumerate(frames):
        np.testing.assert_allclose(frame.pixels.reshape(-1, 3).mean(0), [100 + 20 * number, 60, 20], atol=3)


def test_begins_again_at_the_end(video: Path) -> None:
    frames = list(islice(open_source(f'video:{video}', rate=1000).frames(), 2 * COUNT + 1))
    assert [frame.number for frame in frames] == list(range(2 * COUNT + 1))
    np.testing.assert_array_equal(frames[-1].pixels, frames[0].pixels)


def test_its_own_rate(video: Path) -> None:
    start = time.monotonic()
    assert len(list(open_source(f'video:{video}', loop=False).frames())) == COUNT
    assert time.monotonic() - start >= (COUNT - 1) / FPS


def test_mistakes(tmp_path: Path) -> None:
    with pytest.raises(UserError, match='does not exist'):
        open_source(f'video:{tmp_path / "missing.avi"}')
    (tmp_path / 'text.avi').write_bytes(b'no video' * 100)
    with pytest.raises(UserError, match='is no video'):
        open_source(f'video:{tmp_path / "text.avi"}')
    with pytest.raises(UserError, match='is no file: a stream in the network is given as camera:rtsp://') as caught:
        open_source('video:rtsp://mira:secret@10.0.0.5/live')
    assert 'secret' not in str(caught.value)
    empty = cv2.VideoWriter(str(tmp_path / 'empty.avi'), cv2.VideoWriter_fourcc(*'MJPG'), FPS, (64, 48))
    empty.release()
    with pytest.raises(UserError, match=r'is no video|no frame'):
        list(open_source(f'video:{tmp_path / "empty.avi"}').frames())

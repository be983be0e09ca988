"""The thread between a source and its camera."""
from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mminspect.core.errors import UserError
from mminspect.station.line import feed as module
from mminspect.station.line.feed import Feed
from mminspect.vision.images import encode_png
from station_site import eventually


class Camera:
    """Remembers frames and problems."""

    name = 'a'

    def __init__(self) -> None:
        self.frames, self.problems = [], []

    def feed(self, frame: np.ndarray) -> None:
        self.frames.append(frame)

    def set_problem(self, sentence: str) -> None:
        self.problems.append(sentence)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, 'PAUSE', 0.02)


def test_frames_of_a_folder_reach_the_camera(tmp_path: Path) -> None:
    for value in (50, 150):
        (tmp_path / f'{value:03d}.png').write_bytes(encode_png(np.full((6, 8, 3), value, np.uint8)))
    camera = Camera()
    feed = Feed(f'folder:{tmp_path}', camera)
    feed.start()
    eventually(lambda: len(camera.frames) >= 2)
    feed.close()
    assert [frame[0, 0, 0] for frame in camera.frames[:2]] == [50, 150] and camera.frames[0].shape == (6, 8, 3)
    assert not any(thread.name == 'feed-a' for thread in threading.enumerate())


def test_a_missing_source_is_said_so_and_tried_again(tmp_path: Path) -> None:
    camera = Camera()
    feed = Feed(f'folder:{tmp_path / "later"}', camera)
    feed.start()
    eventually(lambda: camera.problems)
    assert 'does not exist' in camera.problems[0]
    (tmp_path / 'later').mkdir()
    (tmp_path / 'later' / 'a.png').write_bytes(encode_png(np.zeros((4, 4, 3), np.uint8)))
    eventually(lambda: camera.frames)
    feed.close()


@pytest.mark.parametrize('error', [UserError('the cable is out'), RuntimeError('defect')])
def test_a_source_that_breaks_is_opened_again(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []

    def frames(source: Any) -> Iterator[Any]:
        yield SimpleNamespace(pixels=len(opened))
        raise error

    def open_source(text: str, report: Any) -> Any:
        opened.append(SimpleNamespace(close=lambda: None))
        return opened[-1]

    monkeypatch.setattr(module, 'open_source', open_source)
    monkeypatch.setattr(module, 'latest_frames', frames)
    camera = Camera()
    feed = Feed('camera:0', camera)
    feed.start()
    eventually(lambda: len(camera.frames) >= 3)
    feed.close()
    assert camera.frames[:3] == [1, 2, 3]
    assert camera.problems[0] == ('the cable is out' if isinstance(error, UserError)
                                  else 'the source broke; the log says how')

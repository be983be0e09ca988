"""A small disk gets full and empty, and what is lost on it is noticed."""
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

import full_disk
from environments import NotRun
from small_disk import disk


def test_a_disk_that_gets_full() -> None:
    try:
        with disk(1) as small:
            (small.folder / 'whole').write_bytes(b'x' * 1000)
            before = small.content()
            small.fill(40_000)
            (small.folder / 'fits').write_bytes(b'x' * 30_000)
            with pytest.raises(OSError, match='No space'):
                (small.folder / 'more').write_bytes(b'x' * 60_000)
            small.fill()
            assert small.free() == 0 and small.content()['whole'] == before['whole']
            small.empty()
            assert small.free() > 900_000 - 40_000 and set(small.content()) == {'whole', 'fits', 'more'}
            folder = small.folder
        assert not folder.exists()
    except NotRun as error:
        pytest.skip(str(error))


@pytest.mark.parametrize('status, said, fine', [
    (2, 'error: the disk is full while writing x: free some space', True),
    (2, 'inspecting ---- 3/12\nerror: the disk is full', True), (1, 'error: x', False),
    (2, 'Traceback (most recent call last):\nerror: x', False), (2, '', False),
    (2, '--- Logging error ---\nerror: x', False)])
def test_a_sentence(status: int, said: str, fine: bool) -> None:
    assert full_disk.is_sentence(status, said) is fine


def test_half_a_picture_is_noticed(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((40, 40), np.uint8))
    assert full_disk._pictures_are_whole(tmp_path)
    (tmp_path / 'b.png').write_bytes((tmp_path / 'a.png').read_bytes()[:20])
    assert not full_disk._pictures_are_whole(tmp_path)
    (tmp_path / 'b.png').rename(tmp_path / '.b.png.x1')  # not its final name
    assert full_disk._pictures_are_whole(tmp_path)

"""Files of records: whole, on the disk, under names of their own, and gone when their record is not there."""
from __future__ import annotations

import os
import uuid
from pathlib import Path

import cv2
import numpy as np
import pytest

from mminspect.station.records import store
from mminspect.station.replies import Refused

ID = uuid.UUID('12345678123456781234567812345678')

pytestmark = pytest.mark.usefixtures('database')


def test_a_saved_file_is_on_the_disk_before_it_is_there(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    sync, replace = os.fsync, os.replace

    def noted_sync(descriptor: int) -> None:
        events.append(f'sync {Path(os.readlink(f"/proc/self/fd/{descriptor}")).name.lstrip(".").split(".")[0]}')
        sync(descriptor)

    monkeypatch.setattr(os, 'fsync', noted_sync)
    monkeypatch.setattr(os, 'replace', lambda *paths: (events.append('replace'), replace(*paths)))
    path = store.original(ID, '.png')
    store.save(path, [b'ab', b'cd'])
    assert path == media / '12' / ID.hex / 'original.png' and path.read_bytes() == b'abcd'
    assert events[:2] == ['sync original', 'replace'] and events[2:] == [f'sync {ID.hex}', 'sync 12', 'sync media']


def test_an_interrupted_save_leaves_nothing(media: Path) -> None:
    def chunks() -> object:
        yield b'ab'
        raise OSError('pulled out')

    with pytest.raises(OSError, match='pulled out'):
        store.save(store.original(ID, '.png'), chunks())
    assert [path for path in media.rglob('*') if path.is_file()] == []


def test_only_one_of_two_claims_succeeds() -> None:
    store.make_folder(ID)
    with pytest.raises(Refused, match='just being sent') as refused:
        store.make_folder(ID)
    assert refused.value.status == 409
    store.remove(ID)
    store.make_folder(ID)


def test_strangers_are_removed_and_nothing_else(media: Path) -> None:
    other = uuid.uuid4()
    for record_id in (ID, other):
        store.save(store.original(record_id, '.png'), [b'x'])
    (media / 'ab').mkdir(parents=True, exist_ok=True)
    (media / 'ab' / 'notes.txt').write_text('of the operator')
    assert store.remove_strangers({ID}) == 1
    assert store.original(ID, '.png').is_file() and not store.folder(other).exists()
    assert (media / 'ab' / 'notes.txt').is_file()


def test_a_thumb_is_made_once_from_what_there_is() -> None:
    assert store.thumb(ID) is None
    store.make_folder(ID)
    cv2.imwrite(str(store.folder(ID) / store.VIEW), np.full((300, 600, 3), 90, np.uint8))
    assert store.thumb(ID) is None
    cv2.imwrite(str(store.folder(ID) / store.OVERLAY), np.full((300, 600, 3), 140, np.uint8))
    path = store.thumb(ID)
    assert (cv2.imread(str(path)) == 140).all() and cv2.imread(str(path)).shape == (96, 192, 3)
    written = path.stat().st_mtime_ns
    assert store.thumb(ID) == path and path.stat().st_mtime_ns == written


def test_a_thumb_shows_the_heat_map_over_the_picture() -> None:
    store.make_folder(ID)
    cv2.imwrite(str(store.folder(ID) / store.VIEW), np.full((50, 80, 3), 100, np.uint8))
    heat = np.full((50, 80, 4), 200, np.uint8)
    heat[:, :40, 3], heat[:, 40:, 3] = 0, 255  # transparent, opaque
    cv2.imwrite(str(store.folder(ID) / store.HEAT), heat)
    small = cv2.imread(str(store.thumb(ID)))
    np.testing.assert_allclose(small[:, :30], 100, atol=3)
    np.testing.assert_allclose(small[:, 50:], 0.4 * 100 + 0.6 * 200, atol=3)

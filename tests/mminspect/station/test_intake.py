"""An upload is acknowledged when its file and its row are durable, and leaves nothing when it fails before."""
from __future__ import annotations

import io
import uuid
from pathlib import Path

import pytest
from django.conf import settings
from django.test import override_settings

from mminspect.station import intake
from mminspect.station.records import store
from mminspect.station.records.models import WAITING, Record
from mminspect.station.replies import Refused
from mminspect.station.uploads import UploadError
from station_site import png

pytestmark = pytest.mark.usefixtures('database')


def files(media: Path) -> list[Path]:
    return [path for folder in (media, Path(settings.FILE_UPLOAD_TEMP_DIR)) for path in folder.rglob('*')
            if path.is_file()]


def test_the_file_is_durable_before_the_row(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    save = store.save

    def noted(path: Path, chunks: object) -> None:
        assert not Record.objects.exists()
        save(path, chunks)
        seen.append(path.name)

    monkeypatch.setattr(store, 'save', noted)
    record = intake.accept(io.BytesIO(png(200)), '../../etc/passwd.gif')
    assert seen == ['original.png'] and files(media) == [store.original(record.id, '.png')]
    kept = Record.objects.get()
    assert (kept.state, kept.width, kept.height, kept.name) == (WAITING, 64, 48, 'passwd.gif')
    assert store.original(record.id, '.png').read_bytes() == png(200)


def test_what_is_no_picture_leaves_nothing(media: Path) -> None:
    for data in (b'', b'<svg/>', png()[:-20]):
        with pytest.raises(UploadError):
            intake.accept(io.BytesIO(data), 'a.png')
    assert files(media) == [] and not Record.objects.exists()


def test_a_full_disk_and_a_broken_database_leave_nothing(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, 'No space left on device')

    with monkeypatch.context() as patch:
        patch.setattr(store, 'save', full)
        with pytest.raises(OSError, match='space'):
            intake.accept(io.BytesIO(png()), 'a.png')
    monkeypatch.setattr(Record, 'save', lambda *_, **__: full())
    with pytest.raises(OSError, match='space'):
        intake.accept(io.BytesIO(png()), 'a.png')
    assert files(media) == [] and not Record.objects.exists()


def test_an_id_names_one_upload(media: Path) -> None:
    chosen = uuid.uuid4()
    first = intake.accept(io.BytesIO(png(200)), 'a.png', chosen)
    assert intake.accept(io.BytesIO(png(100)), 'b.png', chosen) == first
    assert Record.objects.get().name == 'a.png' and store.original(chosen, '.png').read_bytes() == png(200)
    busy = uuid.uuid4()
    store.make_folder(busy)  # another request is writing it
    with pytest.raises(Refused):
        intake.accept(io.BytesIO(png()), 'c.png', busy)


def test_after_a_kill_half_an_upload_is_cleaned_up(media: Path) -> None:
    record = intake.accept(io.BytesIO(png()), 'a.png')
    store.save(store.original(uuid.uuid4(), '.png'), [png()])  # killed before its row
    store.make_folder(uuid.uuid4())  # killed before its file
    assert intake.recover() == 2
    assert files(media) == [store.original(record.id, '.png')] and intake.recover() == 0


@pytest.mark.parametrize(('limit', 'value'), [('STATION_MAX_BYTES', 100), ('STATION_MAX_PIXELS', 48 * 64 - 1)])
def test_the_limits_of_the_settings_hold(limit: str, value: int) -> None:
    with override_settings(**{limit: value}), pytest.raises(UploadError) as refused:
        intake.accept(io.BytesIO(png()), 'a.png')
    assert refused.value.status == 413

"""An upload becomes a record: looked at, on the disk, in the database, and only then acknowledged."""
from __future__ import annotations

from typing import Any, BinaryIO
from uuid import UUID, uuid4

from django.conf import settings
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.db import transaction

from mminspect.station.records import store
from mminspect.station.records.models import UPLOAD, Record

from .uploads import CheckedUpload, Limits, check_upload, shown_name


class FileOnDisk(TemporaryFileUploadHandler):
    """Django's, whose temporary file ends as the sender's name does: that may be longer than a disk takes."""

    def new_file(self, field_name: str, file_name: str, *rest: Any, **more: Any) -> None:
        """See Django's."""
        super().new_file(field_name, shown_name(file_name), *rest, **more)


def check(file: BinaryIO, name: str) -> CheckedUpload:
    """Decode a picture within the limits of the settings; raises UploadError."""
    limits = Limits(bytes=settings.STATION_MAX_BYTES, pixels=settings.STATION_MAX_PIXELS)
    return check_upload(file, name, limits, settings.FILE_UPLOAD_TEMP_DIR)


def accept(file: BinaryIO, name: str, record_id: UUID | None = None, folder: str = '') -> Record:
    """Check a picture and keep it; when this returns, not even a power failure loses it.

    Args:
        file: The opened file, positioned anywhere.
        name: What the sender calls it; only shown, never a path.
        record_id: Chosen by the sender, so that sending it once more adds nothing; by default a new one.
        folder: Where the sender has it; only shown before the name.

    Raises:
        UploadError: It is no picture that the station takes; nothing of it is kept.
        Refused: The same record is just being sent.
        OSError: The disk is full.
    """
    record_id = record_id or uuid4()
    if known := Record.objects.filter(id=record_id).first():
        return known
    checked = check(file, name)
    record = Record(id=record_id, source=UPLOAD, name=shown_name(name, folder), suffix=checked.extension,
                    width=checked.width, height=checked.height)
    del checked  # its pixels
    store.make_folder(record_id)
    try:
        store.save(store.original(record_id, record.suffix), store.read_chunks(file))
        with transaction.atomic():
            record.save(force_insert=True)
    except BaseException:
        store.remove(record_id)
        raise
    return record


def recover() -> int:
    """After a start: delete pictures whose upload was never finished; returns how many."""
    return store.remove_strangers(set(Record.objects.values_list('id', flat=True)))

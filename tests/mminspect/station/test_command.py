"""What the command says when the database has no room."""
from __future__ import annotations

from pathlib import Path

import pytest
from django.db import OperationalError

from mminspect.core.cli import sentence
from mminspect.station.command import full_disk_told


def test_a_full_disk_is_one_sentence_that_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(OSError) as caught, full_disk_told(tmp_path):
        raise OperationalError('database or disk is full')
    assert f'the disk is full while writing {tmp_path}' in sentence(caught.value)


def test_other_troubles_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(OperationalError, match='locked'), full_disk_told(tmp_path):
        raise OperationalError('database is locked')

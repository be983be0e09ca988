"""Which exceptions become which answers."""
from __future__ import annotations

import errno

import pytest
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFilesSent
from django.db import OperationalError
from django.http.multipartparser import MultiPartParserError

from mminspect.core.errors import UserError
from mminspect.station.replies import Refused, status_and_message
from mminspect.station.uploads import UploadError


@pytest.mark.parametrize(('error', 'expected'), [
    (UserError('give a number'), (400, 'give a number')), (Refused(409, 'busy'), (409, 'busy')),
    (UploadError(415, 'no picture'), (415, 'no picture')), (KeyError('x'), None), (SuspiciousOperation('x'), None),
    (OSError(errno.EIO, 'broken'), None), (RuntimeError('x'), None)])
def test_the_senders_mistakes_are_told_and_the_stations_are_not(error: Exception, expected: object) -> None:
    assert status_and_message(error) == expected


@pytest.mark.parametrize(('error', 'status'), [
    (OSError(errno.ENOSPC, 'full'), 507), (OperationalError('database or disk is full'), 507),
    (OperationalError('database is locked'), 503), (TooManyFilesSent(), 413), (RequestDataTooBig(), 413),
    (MultiPartParserError('boundary'), 400)])
def test_limits_and_damaged_bodies(error: Exception, status: int) -> None:
    assert status_and_message(error)[0] == status

from __future__ import annotations

import pytest

from mminspect.station.sources.addresses import is_url, without_password


@pytest.mark.parametrize(('address', 'expected'), [
    ('rtsp://10.0.0.5/live', True), ('HTTP://camera/a.mjpg', True), ('/dev/video0', False), ('C:\\\\line.avi', False),
    ('C://line.avi', False), ('line.avi', False), ('0', False)])
def test_what_leads_into_the_network(address: str, expected: bool) -> None:
    assert is_url(address) is expected


@pytest.mark.parametrize(('text', 'expected'), [
    ('camera:rtsp://mira:a/b@c@10.0.0.5/live', 'camera:rtsp://10.0.0.5/live'), ('rtsp://10.0.0.5/live',) * 2,
    ('/dev/video0', ) * 2])
def test_passwords_are_not_shown(text: str, expected: str) -> None:
    assert without_password(text) == expected

"""Addresses behind proxies, and made-up ones."""
from __future__ import annotations

import pytest
from django.test import override_settings

from mminspect.station import environment
from mminspect.station.senders import sender, sender_in, sender_of


@pytest.fixture(autouse=True)
def trusted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv('PROXIES', '127.0.0.0/8, ::1, 10.0.0.0/24')
    with override_settings(STATION_PROXIES=environment.networks('PROXIES', ())):
        yield


@pytest.mark.parametrize(('peer', 'forwarded', 'expected'), [
    ('192.0.2.7', '', '192.0.2.7'),
    ('192.0.2.7', '198.51.100.1', '192.0.2.7'),  # a stranger's header
    ('127.0.0.1', '', '127.0.0.1'),
    ('127.0.0.1', '198.51.100.1', '198.51.100.1'),
    ('127.0.0.1', '203.0.113.99, 198.51.100.1', '198.51.100.1'),  # the first one is made up
    ('127.0.0.1', '203.0.113.99, 198.51.100.1, 10.0.0.4', '198.51.100.1'),  # two proxies
    ('127.0.0.1', '10.0.0.4', '10.0.0.4'),
    ('127.0.0.1', 'unknown', '127.0.0.1'),
    ('127.0.0.1', '198.51.100.1, nonsense', '127.0.0.1'),
    ('127.0.0.1', ' 198.51.100.1:5555 ', '198.51.100.1'),
    ('::1', '[2001:db8:1:2:3:4:5:6]:443', '2001:db8:1:2::/64'),
    ('2001:db8:1:2:ffff::1', '', '2001:db8:1:2::/64'),  # one client has all of them
    ('::ffff:192.0.2.7', '198.51.100.1', '192.0.2.7'),
    ('fe80::1%eth0', '', 'fe80::/64'),
    ('', '198.51.100.1', ''),  # a socket of the file system
])
def test_the_last_address_that_can_be_believed(peer: str, forwarded: str, expected: str) -> None:
    assert sender(peer, forwarded) == expected


def test_both_kinds_of_requests() -> None:
    headers = [(b'x-forwarded-for', b'203.0.113.99'), (b'host', b'a'), (b'x-forwarded-for', b'198.51.100.1')]
    assert sender_of(dict(client=('127.0.0.1', 5), headers=headers)) == '198.51.100.1'
    assert sender_of(dict(client=None, headers=headers)) == ''
    assert sender_in(dict(REMOTE_ADDR='127.0.0.1', HTTP_X_FORWARDED_FOR='1.1.1.1,198.51.100.1')) == '198.51.100.1'
    assert sender_in({}) == ''


def test_nobody_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('PROXIES', 'none')
    with override_settings(STATION_PROXIES=environment.networks('PROXIES', ['127.0.0.1'])):
        assert sender('127.0.0.1', '198.51.100.1') == '127.0.0.1'

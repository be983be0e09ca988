"""What follows from the environment: when a login is needed, what is secret, what is limited."""
from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from mminspect.core.errors import UserError


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(**variables: str) -> dict[str, Any]:
        with monkeypatch.context() as patch:
            for name in ('STATION_TOKEN', 'STATION_SECRET_KEY'):
                patch.delenv(name, raising=False)
            for name, value in dict(STATION_DATA=str(tmp_path / 'data'), **variables).items():
                patch.setenv(name, value)
            return runpy.run_module('mminspect.station.settings')

    return run


def test_by_default_the_station_is_for_this_machine_alone(read: Any, tmp_path: Path) -> None:
    found = read()
    assert found['STATION_HOST'] == '127.0.0.1' and found['STATION_LOGIN'] is False and found['DEBUG'] is False
    assert found['ALLOWED_HOSTS'] == ['127.0.0.1', 'localhost', '[::1]']
    assert (tmp_path / 'data').stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize('variables', [
    dict(STATION_HOST='0.0.0.0'), dict(STATION_HOST='192.168.1.4'), dict(STATION_HOST='::'),
    dict(STATION_HOSTS='qa.plant'), dict(STATION_LOGIN='1'), dict(STATION_HOST='qa.plant')])
def test_beyond_it_users_log_in(read: Any, variables: dict) -> None:
    found = read(**variables)
    assert found['STATION_LOGIN'] is True and '*' not in found['ALLOWED_HOSTS']


def test_secrets_are_made_once_or_given(read: Any, tmp_path: Path) -> None:
    first, second = read(), read()
    assert first['SECRET_KEY'] == second['SECRET_KEY'] != first['STATION_TOKEN'] == second['STATION_TOKEN']
    assert len(first['SECRET_KEY']) >= 50
    for name in ('secret_key', 'token'):
        assert (tmp_path / 'data' / name).stat().st_mode & 0o777 == 0o600
    given = read(STATION_SECRET_KEY='k', STATION_TOKEN='t')
    assert (given['SECRET_KEY'], given['STATION_TOKEN']) == ('k', 't')


def test_behind_https_cookies_are_for_https(read: Any) -> None:
    plain, secure = read(), read(STATION_HTTPS='1', STATION_HOSTS='qa.plant')
    assert not plain['SESSION_COOKIE_SECURE'] and 'SECURE_PROXY_SSL_HEADER' not in plain
    assert secure['SESSION_COOKIE_SECURE'] and secure['CSRF_COOKIE_SECURE'] and secure['SECURE_HSTS_SECONDS'] > 0
    assert secure['CSRF_TRUSTED_ORIGINS'] == ['https://qa.plant']


def test_sources_become_cameras(read: Any) -> None:
    assert read()['STATION_SOURCES'] == {}
    assert read(STATION_SOURCES='folder:/a b\ncamera:0')['STATION_SOURCES'] == dict(live1='folder:/a b',
                                                                                   live2='camera:0')


@pytest.mark.parametrize('variables', [dict(STATION_MAX_BYTES='64MB'), dict(STATION_DATABASE='nosql://x/y'),
                                       dict(STATION_LOGIN='perhaps'), dict(STATION_PRESCREEN='blur')])
def test_nonsense_is_one_sentence(read: Any, variables: dict) -> None:
    with pytest.raises(UserError, match=next(iter(variables))):
        read(**variables)

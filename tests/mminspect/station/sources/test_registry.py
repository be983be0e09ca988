from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mminspect.core.errors import UserError
from mminspect.station.sources import Report, Source, open_source, register_source, registry


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, '_SOURCES', dict(registry._SOURCES))


class Echo(Source):
    """Says what it was called with."""

    address_example = 'WORD'

    def __init__(self, address: str, rate: float | None = None, loop: bool = True,
                 report: Report | None = None) -> None:
        super().__init__(rate, report)
        self.called_with = (address, rate, loop, report)

    def pictures(self) -> Iterator[NDArray[np.uint8]]:
        yield np.zeros((1, 1, 3), np.uint8)


@pytest.mark.parametrize('text', ['', 'camera', 'camera:', 'webcam:0', '/data/images', 'folder', 'http://host/stream'])
def test_other_words(text: str) -> None:
    with pytest.raises(UserError, match='is no source of frames: give camera:0, folder:DIR, video:FILE; the module'):
        open_source(text)


def test_a_camera_in_the_network_has_a_form_and_no_password_in_messages() -> None:
    for text in ('rtsp://mira:secret@10.0.0.5/live', 'camara:rtsp://mira:sec/ret@10.0.0.5/live'):
        with pytest.raises(UserError, match='a camera in the network is camera:rtsp://HOST/PATH') as caught:
            open_source(text)
        assert '10.0.0.5/live' in str(caught.value) and 'mira' not in str(caught.value)
        assert 'ret@' not in str(caught.value)


@pytest.mark.parametrize('rate', [0, -1, 1001, float('nan')])
def test_rates(rate: float, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r'rate of folder:.* must be above 0'):
        open_source(f'folder:{tmp_path}', rate)


def test_a_registered_kind_gets_the_address_as_it_is() -> None:
    assert register_source('echo-2')(Echo) is Echo
    assert open_source('echo-2:a:b//c', 5, False, print).called_with == ('a:b//c', 5, False, print)
    assert open_source('echo-2:x').called_with == ('x', None, True, None)
    with pytest.raises(UserError, match='video:FILE, echo-2:WORD'):
        open_source('other:x')


def test_a_kind_has_one_class() -> None:
    with pytest.raises(ValueError, match=r"'video' is taken by mminspect\.station\.sources\.video\.VideoSource"):
        register_source('video')(Echo)
    register_source('echo')(Echo)
    register_source('echo')(Echo)  # a module that is loaded twice


@pytest.mark.parametrize('kind', ['', 'Echo', '1st', 'a b', 'a:b', 'ä'])
def test_kinds_are_plain_words(kind: str) -> None:
    with pytest.raises(ValueError, match='small letters'):
        register_source(kind)


def test_modules_with_further_kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where a user's own files are
    (tmp_path / 'good_sources.py').write_text('import sys\n')
    (tmp_path / 'broken_sources.py').write_text('1 / 0\n')
    registry.import_sources(['good_sources'], ['camera:0', 'video:a.avi'])
    assert 'good_sources' not in sys.modules  # nobody needs it
    registry.import_sources(['good_sources'], ['camera:0', 'good:1'])
    assert 'good_sources' in sys.modules
    with pytest.raises(UserError, match=r'source bad:1 needs the Python module no_such_sources, which cannot be'):
        registry.import_sources(['good_sources', 'no_such_sources'], ['camera:0', 'bad:1'])
    with pytest.raises(UserError, match=r'broken_sources, which fails .*ZeroDivisionError'):
        registry.import_sources(['broken_sources'], ['broken:1'])

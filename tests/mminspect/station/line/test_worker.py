"""The settings reach the model's factory."""
from __future__ import annotations

from django.test import override_settings

from mminspect.station.line.worker import make_worker


def test_everything_that_was_chosen_gets_through() -> None:
    def ignore(*_: object) -> None:
        raise AssertionError('nothing is started')

    with override_settings(STATION_MODEL='/m/model.xml', STATION_CONFIG='/m/config.py', STATION_RUNTIME='openvino',
                           STATION_PRECISION='bf16'):
        client = make_worker(on_result=ignore, on_ready=ignore)
    assert client._load.path == 'mminspect.inspection:load_inspector'
    assert client._load.arguments == dict(model='/m/model.xml', config='/m/config.py', runtime='openvino',
                                          precision='bf16')


def test_what_was_not_chosen_is_left_to_the_loader() -> None:
    arguments = make_worker(on_result=print, on_ready=print)._load.arguments
    assert arguments['config'] is arguments['runtime'] is arguments['precision'] is None

import logging

import pytest
from mmengine.logging import MMLogger, print_log

from mminspect.core.log import quiet_log


def say() -> None:
    print_log('a detail', logger='current', level=logging.INFO)
    print_log('a warning', logger='current', level=logging.WARNING)


def test_only_warnings_are_said(messages: list[str]) -> None:
    with quiet_log():
        say()
    assert messages == ['a warning']


@pytest.mark.parametrize('level', [logging.DEBUG, logging.ERROR])
def test_level_comes_back_also_after_an_error(level: int, monkeypatch: pytest.MonkeyPatch) -> None:
    logger = MMLogger.get_current_instance()
    monkeypatch.setattr(logger, 'level', level)
    with pytest.raises(ZeroDivisionError), quiet_log():
        _ = 1 / 0
    assert logger.level == level

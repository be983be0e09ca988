"""What is not said."""
import logging

import pytest

from mminspect.inspection.export.silence import no_advice


def test_warnings_are_dropped_and_errors_are_not(caplog) -> None:
    logger = logging.getLogger('somebody else')
    with no_advice():
        logger.warning('consider this')
        logger.error('this is wrong')
    logger.warning('as before')
    assert [record.getMessage() for record in caplog.records] == ['this is wrong', 'as before']


def test_also_behind_an_error() -> None:
    with pytest.raises(ValueError), no_advice():
        raise ValueError
    assert logging.root.manager.disable == 0

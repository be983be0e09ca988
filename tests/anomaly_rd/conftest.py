"""What all tests of the package need."""
from collections.abc import Iterator

import pytest
from mmengine.registry import DefaultScope

import anomaly_rd  # noqa: F401 (registers the components)


@pytest.fixture(autouse=True)
def anomaly_scope() -> Iterator[None]:
    """Bare names of components are this package's, whatever scope an earlier test has left behind."""
    with DefaultScope.overwrite_default_scope('anomaly_rd'):
        yield

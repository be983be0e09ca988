"""Real weights for the tests of models."""
from pathlib import Path

import pytest

from helpers import shared


@pytest.fixture(scope='session')
def imagenet_resnet18() -> Path:
    """ImageNet weights of ResNet-18 without its last stage; the test is skipped where they are absent."""
    return shared('weights/resnet18_imagenet_stages1-3.pth')

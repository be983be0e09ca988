"""Real weights for the tests of models."""
import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope='session')
def imagenet_resnet18() -> Path:
    """ImageNet weights of ResNet-18 without its last stage; the test is skipped where they are absent."""
    shared = Path(os.environ.get('MMINSPECT_SHARED', REPOSITORY.parent / 'shared'))
    path = shared / 'weights' / 'resnet18_imagenet_stages1-3.pth'
    if not path.is_file():
        pytest.skip(f'needs {path}: set MMINSPECT_SHARED to the folder that holds weights/')
    return path

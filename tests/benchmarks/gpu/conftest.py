"""The scripts of benchmarks/gpu are imported as they are run, from their folder; and a tiny config for them."""
import sys

import pytest
from mmengine.config import Config

from helpers import ROOT, detector_cfg

sys.path.insert(0, str(ROOT / 'benchmarks' / 'gpu'))


@pytest.fixture
def config(tmp_path):
    """Config file of a tiny detector."""
    Config(dict(default_scope='mmdet', custom_imports=dict(imports=['fdrd']), model=detector_cfg(classes=1))
           ).dump(tmp_path / 'tiny.py')
    return tmp_path / 'tiny.py'


@pytest.fixture
def broken(tmp_path):
    """Config file of one whose neck is of no kind."""
    model = detector_cfg()
    model['neck']['type'] = 'FPM'
    Config(dict(default_scope='mmdet', model=model)).dump(tmp_path / 'broken.py')
    return tmp_path / 'broken.py'

"""What setup() changes, and that importing changes nothing; each in a process of its own."""
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from mminspect.core.setup import ignore_remarks

STATE = """
import sys, warnings
import mmengine.runner.checkpoint as theirs
from mmengine.fileio.backends.registry_utils import backends
from mmengine.model import BaseModule

def state():
    return dict(loaders=dict(theirs.CheckpointLoader._schemes), load_url=theirs.load_url,
                torch_load=theirs._safe_torch_load, backends=dict(backends), stdout=sys.stdout, stderr=sys.stderr,
                path=[path for path in sys.path if 'onnxruntime' not in path],  # which adds a folder of its own
                operators='mmcv._ext' in sys.modules, heads='__init_subclass__' in vars(BaseModule),
                remarks=[entry for entry in warnings.filters if 'faster_coco_eval' in str(entry[1])])
"""

IMPORTS = STATE + """
import importlib, pkgutil
import mminspect

sys.modules.update(fdrd=None, anomaly_rd=None)  # importing these is an ImportError
callers = []

def telling(function):
    def told(*arguments, **options):
        callers.append(sys._getframe(1).f_globals['__name__'])
        return function(*arguments, **options)
    return told

for name in ('filterwarnings', 'simplefilter'):
    setattr(warnings, name, telling(getattr(warnings, name)))
try:
    import django
    django.setup()
    absent = ()
except ImportError:
    absent = ('mminspect.station', )
before = state()
names = [module.name for module in pkgutil.walk_packages(mminspect.__path__, 'mminspect.', onerror=str)]
for name in names:
    if name.startswith(absent):
        continue
    importlib.import_module(name)
assert 'mminspect.engine.progress' in names and 'mminspect.engine' in sys.modules and len(names) > 100
after = state()
print('changed', *(key for key in before if before[key] != after[key]))
print('filters', *(name for name in callers if name.startswith('mminspect')))
"""

SETUP = STATE + """
from mminspect.core.setup import setup
untouched = state()
setup()
after = state()
setup()
assert state() == after
print(*(key for key in after if after[key] != untouched[key]))
from mminspect.models import safe_loading
assert after['load_url'] is safe_loading.download and after['loaders'][''] is safe_loading.load_from_local
assert {**after['backends'], 'atomic': None} == {**untouched['backends'], 'atomic': None}
import mmcv.ops
"""


def child(code: str, tmp_path: Path) -> list[str]:
    """Lines that ``code`` prints, without the one that says whose operators mmcv has."""
    environment = {**os.environ, 'STATION_DATA': str(tmp_path), 'DJANGO_SETTINGS_MODULE': 'mminspect.station.settings'}
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True,
                          env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return [line for line in done.stdout.splitlines() if ' INFO - mmcv_fallback: ' not in line]


def test_importing_every_module_changes_nothing(tmp_path: Path) -> None:
    """Without either method: that a module needs one would be an ImportError."""
    assert child(IMPORTS, tmp_path) == ['changed', 'filters']


def test_setup_changes_what_it_says_and_again_nothing(tmp_path: Path) -> None:
    assert child(SETUP, tmp_path)[0].split() == ['loaders', 'load_url', 'torch_load', 'backends', 'operators',
                                                  'heads', 'remarks']


@pytest.mark.parametrize('code', ['import fdrd', 'import anomaly_rd', 'import runpy, sys; sys.argv = ["train", "gone"]'
                                  '\ntry: runpy.run_path("tools/train.py", run_name="__main__")\n'
                                  'except SystemExit as end: assert end.code == 2, end.code'])
def test_methods_and_command_lines_set_up_and_print_nothing(code: str, tmp_path: Path) -> None:
    check = '\nfrom mminspect.models.safe_loading import download\nassert state()["load_url"] is download'
    assert child(STATE + code + check, tmp_path) == []


@pytest.mark.parametrize(('text', 'shown'), [
    ('faster_coco_eval is not installed, metrics will not be computed. ', False),
    ('DeprecationWarning: `num_anchors` is deprecated, for consistency', False),
    ('DeprecationWarning: ``num_anchors`` would be deprecated', False),
    ('the number of anchors is odd', True),
])
def test_remarks_of_the_libraries_are_not_shown(text: str, shown: bool) -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter('always')
        ignore_remarks()
        warnings.warn(text, stacklevel=1)
    assert bool(seen) is shown

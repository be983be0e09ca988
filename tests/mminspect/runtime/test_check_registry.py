import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import ROOT
from mminspect.core.errors import UserError
from mminspect.runtime import CHECKS, STAGES, CheckRegistry


def first(dataset: dict) -> list[str]:
    return ['first']


def second(dataset: dict) -> list[str]:
    return ['second']


def test_functions_come_back_by_stage_in_the_order_of_registration() -> None:
    checks = CheckRegistry()
    assert checks.register('data')(first) is first
    checks.register('data')(second)
    checks.register('option', name='scale')(second)
    assert checks.of('data') == (first, second) and checks.options() == {'scale': second}
    assert all(checks.of(stage) == () for stage in STAGES if stage not in ('data', 'option'))


def test_an_import_of_the_same_module_again_registers_once(tmp_path: Path, monkeypatch) -> None:
    name = 'package_that_registers_a_check'
    (tmp_path / f'{name}.py').write_text('from mminspect.runtime import CHECKS\n\n'
                                         '@CHECKS.register("length")\ndef check(cfg):\n    pass\n')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(CHECKS, '_functions', {stage: dict(them) for stage, them in CHECKS._functions.items()})
    before = CHECKS.of('length')
    module = importlib.import_module(name)
    old = module.check
    module = importlib.reload(module)
    assert module.check is not old and CHECKS.of('length') == (*before, module.check)
    del sys.modules[name]


def test_mistakes_of_who_registers() -> None:
    checks = CheckRegistry()
    with pytest.raises(ValueError, match="no stage 'date'; choose from data, model"):
        checks.register('date')
    with pytest.raises(ValueError, match="no stage 'date'"):
        checks.of('date')
    with pytest.raises(ValueError, match=r"second needs a name: CHECKS\.register\('option', name="):
        checks.register('option')(second)
    with pytest.raises(ValueError, match='needs a name'):
        checks.register('data')(lambda dataset: [])
    checks.register('option', name='scale')(first)
    with pytest.raises(ValueError, match=r"'scale' of the stage 'option' is taken by .*first: .*second needs another"):
        checks.register('option', name='scale')(second)
    assert checks.options() == {'scale': first}


def test_the_readme_shows_how(monkeypatch) -> None:
    monkeypatch.setattr(CHECKS, '_functions', {stage: {} for stage in STAGES})
    text = (ROOT / 'projects' / 'mminspect' / 'README.md').read_text()
    exec(re.search(r'```python\n(.*?)```', text, re.DOTALL)[1], {'__name__': 'package_of_the_readme'})
    (check, ) = CHECKS.of('model')
    check(dict(patch=16), {})
    with pytest.raises(UserError, match=r'model\.patch is 7: give a multiple of 8'):
        check(dict(patch=7), {})
    assert all(f'| `{stage}`' in text for stage in STAGES)


REGISTERED = """
import sys
from mminspect.runtime import CHECKS, STAGES
print(*(f'{stage}:{function.__name__}' for stage in STAGES for function in CHECKS.of(stage)))
import anomaly_rd
print(*(f'{stage}:{function.__name__}' for stage in STAGES for function in CHECKS.of(stage)))
assert 'fdrd' not in sys.modules
import fdrd
print(*(f'{stage}:{function.__name__}' for stage in STAGES for function in CHECKS.of(stage)))
"""


def test_the_projects_register_theirs_when_they_are_imported() -> None:
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', REGISTERED], capture_output=True, text=True,
                          env={**os.environ})
    assert done.returncode == 0, done.stderr
    house, alone, both = (set(line.split()) for line in done.stdout.splitlines() if 'loader:' in line)
    assert house == {'loader:check_loader', 'sample:try_first_image'}
    assert alone == house | {
                     'data:check_dataset_cfg', 'model:check_cache', 'split:check_split', 'absence:missing_test',
                     'holdout:kept_from_training', 'length:check_phases', 'option:set_category',
                     'survey:list_anomaly_images', 'work_dir:category_of', 'values:anomaly_values'}
    # and checks of data and splits of the same names
    assert both == alone | {'model:check_class_count', 'model:check_object_count', 'model:check_views',
                            'metric:check_same_images', 'survey:list_detection_images',
                            'metric:check_boxes_given', 'loader:check_masks_given', 'values:coco_values'}

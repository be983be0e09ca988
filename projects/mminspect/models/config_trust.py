"""What of a config from elsewhere may be imported and built: registered components of installed packages alone."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mmengine.config import Config

from mminspect.core.components import OPENMMLAB, component_names, load_scope, scopes
from mminspect.core.errors import UserError
from mminspect.core.methods import allowed_modules, import_method
from mminspect.core.setup import setup
from mminspect.core.trusted import import_module_for, import_trusted

from .stored_config import BUILT

#: Entries of a detector that name something of mmcv's, which is no component, and what they may name: mmcv evaluates
#: the name of a suppression as Python.
OPERATORS = {'nms': ('nms', 'soft_nms'), 'roi_layer': ('RoIAlign', 'RoIPool')}
#: Where the libraries that this project stands on publish their weights, and packages that the user has installed with
#: pip: beginnings of addresses that may be fetched or opened.
PUBLISHERS = ('torchvision://', 'open-mmlab://', 'openmmlab://', 'https://download.openmmlab.com/',
              'https://download.pytorch.org/', 'package://')
#: Entries that name files, whose names may hold anything.
FILES = ('weights', 'checkpoint', 'teacher_ckpt')


def import_methods_of(cfg: Config, path: str, further: Iterable[str] = ()) -> None:
    """Import the packages that a stored config names, as far as they may be.

    The working directory is searched for what the user names, and for nothing else.

    Args:
        cfg: As :func:`~mminspect.models.stored_config.read_stored_config` gives it.
        path: Of the checkpoint, for messages.
        further: Modules that the user names (``--import``), which are trusted.

    Raises:
        UserError: The config names a module of no installed package of methods, or one cannot be imported; or its
            scope is that of no package which is there.
    """
    setup()
    trusted = list(further)
    named = cfg.get('custom_imports') or {}
    import_trusted(trusted, path)
    for module in _names(named.get('imports') if isinstance(named, Mapping) else named):
        if module in trusted:
            continue
        if module.split('.')[0] not in allowed_modules():
            raise UserError(f'{path} wants the Python module {module}, which belongs to no installed package of '
                            f'methods, and importing runs it: install its package, or give --import {module} if you '
                            'trust it')
        import_module_for(module, path)
    _load_scopes(cfg, path)


def _load_scopes(cfg: Config, path: str) -> None:
    """Make sure that the scopes which a config names are those of packages that are there.

    mmengine imports ``<scope>.registry`` of whatever scope it is told.
    """
    default = cfg.get('default_scope', 'mmdet')
    if isinstance(default, str) and default not in scopes():
        import_method(default)
    for scope in {str(default), *(scope for part in BUILT for scope in _scopes(cfg.get(part)))}:
        if scope in OPENMMLAB:
            load_scope(scope)
        if scope not in scopes():
            raise UserError(f'the config in {path} names the scope {scope!r}, which is that of no package in use: '
                            'install the package of methods that has it, or give --import MODULE if you trust it')


def check_components(cfg: Config, path: str) -> None:
    """Make sure that what an inspection builds from a stored config is registered components alone.

    mmengine takes a name that it does not know for any object of any module (``os.system``) and calls it.

    Some components evaluate strings (mmdet's ``CameraMotionCompensation``): there are none with a call in them.

    Raises:
        UserError: A component is not registered, a string looks like a call or an address, or there is no model.
    """
    if not isinstance(cfg.get('model'), Mapping):
        raise UserError(f'the config in {path} describes no model: name the config file that it was trained with '
                        '(--config) if you trust it')
    known, registered = scopes(), component_names(None)
    for part in BUILT:
        for name in _types(cfg.get(part)):
            scope, _, component = name.rpartition('.')
            if component not in registered or (scope and scope not in known):
                raise UserError(f'the config in {path} names {name!r}, which is no registered component: install the '
                                'package that has it, or name the config file (--config) if you trust it')
    if address := next(_addresses([cfg.get(part) for part in BUILT]), None):
        raise UserError(f'the config in {path} wants {address!r} to be fetched or opened: name the config file '
                        '(--config) if you trust it')
    pipelines = [entry.get('pipeline') for entry in _entries(cfg.get('test_dataloader'))]
    if call := next(_calls([cfg.model, pipelines]), None):
        raise UserError(f'the config in {path} holds the text {call!r}, which a component could run as Python: name '
                        'the config file (--config) if you trust it')


def _types(node: Any) -> Iterator[str]:
    """Every ``type`` that something is built from."""
    for entry in _entries(node):
        if 'type' in entry:
            yield str(entry['type'])


def _scopes(node: Any) -> Iterator[str]:
    """Scopes that are named: before the name of a component, and under the key that mmengine takes for itself."""
    for entry in _entries(node):
        if '_scope_' in entry:
            yield str(entry['_scope_'])
        scope, dot, _ = str(entry.get('type', '')).rpartition('.')
        if dot:
            yield scope


def _entries(node: Any) -> Iterator[Mapping[str, Any]]:
    """Every dict in a config, but those of known :data:`OPERATORS`."""
    if isinstance(node, Mapping):
        yield node
        for key, child in node.items():
            known = OPERATORS.get(key, ())
            if not (isinstance(child, Mapping) and child.get('type', next(iter(known), None)) in known):
                yield from _entries(child)
    elif isinstance(node, (list, tuple)):
        for child in node:
            yield from _entries(child)


def _calls(node: Any) -> Iterator[str]:
    """Strings that call something if they are evaluated, but names of :data:`FILES`."""
    if isinstance(node, Mapping):
        node = [child for key, child in node.items() if key not in FILES]
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from _calls(child)
    elif isinstance(node, str) and '(' in node:
        yield node


def _addresses(node: Any) -> Iterator[str]:
    """Strings that name something on a network, but what :data:`PUBLISHERS` have, and the pretrained weights of an
    ``init_cfg``, which no command that takes a checkpoint reads."""
    if isinstance(node, Mapping):
        node = [child for key, child in node.items() if key != 'init_cfg']
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from _addresses(child)
    elif isinstance(node, str) and '://' in node and not node.startswith(PUBLISHERS):
        yield node


def _names(value: Any) -> list[str]:
    return [str(name) for name in (value if isinstance(value, (list, tuple)) else [value]) if name is not None]

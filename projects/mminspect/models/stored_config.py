"""The config inside of a checkpoint: data, never a program.

A config file is a program that runs when it is read; one that lies beside a downloaded checkpoint would run with the
rights of whoever only wanted to look at a picture. What is stored in the checkpoint is the finished config as plain
values. It can name components, which are looked up among those that the project and the installed packages of methods
have registered, and modules to import, which have to belong to such packages.
"""
from __future__ import annotations

import ast
import importlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mminspect.core.components import component_names, scopes
from mminspect.core.errors import UserError
from mminspect.core.methods import allowed_modules, import_trusted
from mminspect.core.setup import setup

#: Key of a checkpoint: ``name`` of the config file and its ``values``.
CONFIG_KEY = 'config'
#: Entries of a config that an inspection builds something from.
BUILT = ('model', 'test_dataloader')
#: Entries of a model whose ``type`` is a function of the detector's own (``nms``), not a component.
SETTINGS = ('test_cfg', 'train_cfg')
#: OpenMMLab's packages that this project requires; they register their components as they are first asked for one.
LIBRARIES = ('mmdet', 'mmpretrain')
_NUMBERS = {'inf': float('inf'), 'nan': float('nan')}


def as_stored(cfg: Config) -> dict[str, Any]:
    """What a checkpoint keeps of a config: numbers, strings, None, lists, tuples and dicts alone."""
    return dict(name=Path(cfg.filename or 'model').name, values=_plain(cfg.to_dict()))


def read_stored_config(checkpoint: Mapping[str, Any], path: str) -> Config:
    """The config in a checkpoint; nothing is executed or imported.

    Checkpoints of versions before 0.2, and mmengine's own, hold the text of the finished config, of which assignments
    of plain values are understood.

    Args:
        checkpoint: Content of the file.
        path: Of the file, for messages.

    Raises:
        UserError: There is none, or it holds more than plain values.
    """
    stored, meta = checkpoint.get(CONFIG_KEY), checkpoint.get('meta')
    text = meta.get('cfg') if isinstance(meta, Mapping) else None
    try:
        if isinstance(stored, Mapping):
            return _config(dict(stored['values']), str(stored['name']))
        if isinstance(text, str):
            return _config(_values_of(text), str(meta.get('experiment_name', 'model')).rsplit('_', 2)[0] + '.py')
    except (KeyError, TypeError, ValueError, SyntaxError, RecursionError) as error:
        raise UserError(f'the config in {path} cannot be read as data ({error}): name the config file that it was '
                        'trained with (--config), if you trust it, since a config is a program') from error
    raise UserError(f'{path} holds no config: name the config file that it was trained with (--config)')


def import_methods_of(cfg: Config, path: str, further: Iterable[str] = ()) -> None:
    """Import the packages that a stored config names, as far as they may be.

    Args:
        cfg: As :func:`read_stored_config` gives it.
        path: Of the checkpoint, for messages.
        further: Modules that the user names (``--import``), which are trusted.

    Raises:
        UserError: The config names a module of no installed package of methods, or one cannot be imported.
    """
    setup()
    trusted = list(further)
    named = cfg.get('custom_imports') or {}
    for module in [*trusted, *_names(named.get('imports') if isinstance(named, Mapping) else None)]:
        if module not in trusted and module.split('.')[0] not in allowed_modules():
            raise UserError(f'{path} wants the Python module {module}, which belongs to no installed package of '
                            f'methods, and importing runs it: install its package, or give --import {module} if you '
                            'trust it')
        try:
            import_trusted(module) if module in trusted else importlib.import_module(module)
        except ImportError as error:
            raise UserError(f'{path} needs the Python module {module}, which cannot be imported ({error}): install its '
                            'package') from error


def check_components(cfg: Config, path: str) -> None:
    """Make sure that what an inspection builds from a stored config is registered components alone.

    mmengine takes a name that it does not know for any object of any module (``os.system``) and calls it.

    Raises:
        UserError: A component is not registered.
    """
    named = [name for part in BUILT for name in _types(cfg.get(part))]
    for library in {name.split('.')[0] for name in named if '.' in name} & {*LIBRARIES}:
        importlib.import_module(f'{library}.models')
    known, registered = scopes(), component_names(None)
    for name in named:
        scope, _, component = name.rpartition('.')
        if component not in registered or (scope and scope not in known):
            raise UserError(f'the config in {path} names {name!r}, which is no registered component: install the '
                            'package that has it, or name the config file (--config) if you trust it')


def _types(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        if 'type' in node:
            yield str(node['type'])
        for key, child in node.items():
            if key not in SETTINGS:
                yield from _types(child)
    elif isinstance(node, (list, tuple)):
        for child in node:
            yield from _types(child)


def _names(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(name) for name in value or ()]


def _config(values: dict[str, Any], name: str) -> Config:
    cfg = Config({key: _without_programs(value) if key in BUILT else value for key, value in values.items()})
    object.__setattr__(cfg, '_filename', name)  # Config reads the file that it is told
    return cfg


def _without_programs(node: Any) -> Any:
    """A copy in which no entry names a config file (of a distilled detector's teacher): reading that would run it."""
    if isinstance(node, Mapping):
        return {key: _without_programs(child) for key, child in node.items()}
    if isinstance(node, (list, tuple)):
        return type(node)(map(_without_programs, node))
    return None if isinstance(node, str) and (node.endswith('.py') or '::' in node) else node


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain, value)) if type(value) in (list, tuple) else list(map(_plain, value))
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return getattr(value, '__name__', str(value))  # a class in place of its name


def _values_of(text: str) -> dict[str, Any]:
    """The assignments in the text that mmengine makes of a finished config: literals and ``dict(...)`` of them."""
    values = {}
    for statement in ast.parse(text).body:
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1 \
                or not isinstance(statement.targets[0], ast.Name):
            raise ValueError(f'line {statement.lineno} is no assignment')
        values[statement.targets[0].id] = _literal(statement.value)
    return values


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict' and not node.args:
        return {keyword.arg: _literal(keyword.value) for keyword in node.keywords}
    if isinstance(node, ast.Dict):
        return {ast.literal_eval(key): _literal(value) for key, value in zip(node.keys, node.values, strict=True)}
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [_literal(item) for item in node.elts]
        return tuple(items) if isinstance(node, ast.Tuple) else items
    if isinstance(node, ast.Name) and node.id in _NUMBERS:
        return _NUMBERS[node.id]
    return ast.literal_eval(node)

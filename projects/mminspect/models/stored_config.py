"""The config inside of a checkpoint: data, never a program.

A config file is a program that runs when it is read; one that lies beside a downloaded checkpoint would run with the
rights of whoever only wanted to look at a picture. What is stored in the checkpoint is the finished config as plain
values. It can name components, which are looked up among those that the project and the installed packages of methods
have registered, and modules to import, which have to belong to such packages.
"""
from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mminspect.core.components import OPENMMLAB, component_names, load_scope, scopes
from mminspect.core.errors import UserError
from mminspect.core.methods import allowed_modules, import_method
from mminspect.core.setup import setup
from mminspect.core.trusted import import_module_for, import_trusted

#: Key of a checkpoint: ``name`` of the config file and its ``values``.
CONFIG_KEY = 'config'
#: Entries of a config that an inspection or an export builds something from.
BUILT = ('model', 'test_dataloader', 'test_evaluator')
#: Entries of a detector that name something of mmcv's, which is no component, and what they may name: mmcv evaluates
#: the name of a suppression as Python.
OPERATORS = {'nms': ('nms', 'soft_nms'), 'roi_layer': ('RoIAlign', 'RoIPool')}
#: Ends of names of files that are programs, or whose reading runs what is in them.
PROGRAMS = ('.py', '.pkl', '.pickle')
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
    except (KeyError, TypeError, ValueError, AttributeError, SyntaxError, RecursionError, MemoryError) as error:
        raise UserError(f'the config in {path} cannot be read as data ({error}): name the config file that it was '
                        'trained with (--config), if you trust it, since a config is a program') from error
    raise UserError(f'{path} holds no config: name the config file that it was trained with (--config)')


def import_methods_of(cfg: Config, path: str, further: Iterable[str] = ()) -> None:
    """Import the packages that a stored config names, as far as they may be.

    The working directory is searched for what the user names, and for nothing else.

    Args:
        cfg: As :func:`read_stored_config` gives it.
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

    Raises:
        UserError: A component is not registered, or there is no model.
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


def _names(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(name) for name in value or ()]


def _config(values: dict[str, Any], name: str) -> Config:
    cfg = Config({key: _without_programs(value) if key in BUILT else value for key, value in values.items()})
    object.__setattr__(cfg, '_filename', name)  # Config reads the file that it is told
    return cfg


def _without_programs(node: Any) -> Any:
    """A copy in which no entry names a file whose reading would run it: the config of a distilled detector's teacher,
    pickled annotations."""
    if isinstance(node, Mapping):
        return {key: _without_programs(child) for key, child in node.items()}
    if isinstance(node, (list, tuple)):
        return type(node)(map(_without_programs, node))
    return None if isinstance(node, str) and (node.lower().endswith(PROGRAMS) or '::' in node) else node


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

"""Words for what goes wrong in other packages: unknown components, and a batch that BatchNorm cannot train on."""
from __future__ import annotations

import contextlib
import difflib
import importlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mmengine.registry
from mmengine.config import Config
from mmengine.registry import Registry

from mminspect.core.errors import UserError

#: Packages of OpenMMLab whose components a config may name by the package's name alone.
OPENMMLAB = ('mmdet', 'mmpretrain')
#: Kinds of components that an inspection is built from.
BUILT_KINDS = ('model', 'task util', 'dataset', 'transform', 'metric')


@contextmanager
def explain_errors(cfg: Config) -> Iterator[None]:
    """Turn mmengine's errors about unknown components into one sentence with the nearest known names.

    So it is with torch's errors about values that an optimiser refuses, and about a training batch that has a single
    value for each channel of a BatchNorm.
    """
    try:
        yield
    except (KeyError, TypeError) as error:
        what = _explanation(cfg, ' '.join(map(str, error.args)))  # KeyError shows its text escaped
        if what is None:
            raise
        raise UserError(f'{cfg.filename or "the config"} {what}') from error
    except ValueError as error:
        if match := re.search(r'Invalid [a-z_]+( [a-z_]+)*: .*', str(error)):
            raise UserError(f'{cfg.filename or "the config"} gives its optimiser a value that it refuses '
                            f'({match.group()}): correct optim_wrapper.optimizer') from error
        if 'Expected more than 1 value per channel when training' not in str(error):
            raise
        raise UserError('a training batch holds one image, so small that BatchNorm gets a single value of it: raise '
                        'train_dataloader.batch_size (with drop_last=True if one image is left over) or the size of '
                        'the images') from error


def _explanation(cfg: Config, message: str) -> str | None:
    if match := re.search(r'([\w.:]+) is not in the ([\w.: ]+) registry', message):
        registry = match.group(2).split('::')[-1]
        return _unknown(match.group(1), f' ({registry})', component_names(registry))
    if 'must contain the key "type"' in message:
        return _typeless(cfg, message)
    if 'Cannot find None in registry' in message or 'None is not a callable object' in message:
        # layers and optimisers are looked up without saying what was not found
        known = component_names(None)
        return next((_unknown(name, '', known) for name in _types(cfg.to_dict()) if name.split('.')[-1] not in known),
                    None)
    if "got an unexpected keyword argument '" in message:
        return f'gives an argument that its component does not have: {message}'
    return None


def _typeless(cfg: Config, message: str) -> str:
    """Which entry has no type, and what it may have been meant for."""
    entries = {name: dict(hook) for name, hook in (cfg.get('default_hooks') or {}).items() if isinstance(hook, dict)}
    name = next((name for name, hook in entries.items() if 'type' not in hook and str(hook) in message), None)
    if name is None:
        return f'has an entry without a type, so that nobody knows what it is: {message}'
    near = difflib.get_close_matches(name, [other for other, hook in entries.items() if 'type' in hook], n=3)
    hint = f'did you mean {" or ".join(near)}?' if near else 'name its type'
    return f'has a hook without a type, default_hooks.{name}; {hint}'


def _unknown(name: str, kind: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name.split('.')[-1], sorted(known), n=3, cutoff=0.5)
    hint = f'did you mean {" or ".join(near)}?' if near else 'is the package that defines it listed in custom_imports?'
    return f'names an unknown component: {name}{kind}; {hint}'


def _types(node: Any) -> Iterator[str]:
    """Every string under a key ``type``, test settings apart: those name functions (nms)."""
    if isinstance(node, dict):
        if isinstance(node.get('type'), str):
            yield node['type']
        node = [child for key, child in node.items() if key != 'test_cfg']
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from _types(child)


def component_names(kind: str | None) -> set[str]:
    """Names in all registries called ``kind`` ('model', 'data sampler', ...), of any scope; None for every registry."""
    return {name for node in _registries() if kind is None or node.name.replace('_', ' ') == kind.replace('_', ' ')
            for name in node.module_dict}


def scopes() -> set[str]:
    """Scopes of all registries that are loaded: 'mmengine', 'mmdet', ..."""
    return {node.scope for node in _registries()}


def load_scope(scope: str) -> None:
    """Register everything that one of :data:`OPENMMLAB` has, which it does by itself as late as possible.

    Call :func:`mminspect.core.setup.setup` before: mmdet cannot be imported without mmcv's operators.

    Raises:
        UserError: The package is not installed.
    """
    try:
        importlib.import_module(f'{scope}.registry')
    except ImportError as error:
        raise UserError(f'the package {scope} cannot be imported ({error}): install it') from error
    with contextlib.redirect_stdout(io.StringIO()):  # mmdet advertises a data service
        for node in [node for node in _registries() if node.scope == scope and node.name in BUILT_KINDS]:
            node.import_from_location()


def _registries() -> Iterator[Registry]:
    """mmengine's root registries and all below them."""
    waiting = [node for node in vars(mmengine.registry).values() if isinstance(node, Registry)]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += node.children.values()

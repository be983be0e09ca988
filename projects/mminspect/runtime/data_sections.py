"""The data sections of a config: data loader -> data set, in wrappers or not -> steps of the pipeline.

Everything else that reads them relies on what is made sure of here: their shape when the file is read, what they name
and the kinds of values before a check or a Runner builds anything.
"""
from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config

from mminspect.core.components import find_component, unknown_component
from mminspect.core.config_entries import file_of, refusal
from mminspect.core.errors import UserError

from .check_registry import CHECKS
from .data_values import check_sides, check_values
from .dataset_cfg import parts_of

#: Every data loader that a config may have.
PARTS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def check_shape(cfg: Config) -> None:
    """Make sure that data sets lie in data loaders, and steps in pipelines, each a dict that says its type.

    Raises:
        UserError: One is something else.
    """
    for place, loader in _loaders(cfg):
        if not isinstance(loader, Mapping) or not isinstance(loader.get('dataset'), Mapping):
            raise refusal(cfg, place, loader, 'a dict with the entry dataset, which is a dict as well')
        check_sets(cfg, f'{place}.dataset', loader['dataset'])


def check_sets(cfg: Config, place: str, node: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """A data set and all that are in it, each with its place in the config, from outside to inside.

    Raises:
        UserError: One is no dict or does not say its type, so a step of a pipeline, or a wrapper has none in it.
    """
    if not isinstance(node, Mapping):
        raise refusal(cfg, place, node, 'a dict with the type and the arguments of a data set')
    _check_type(cfg, place, node)
    _check_steps(cfg, f'{place}.pipeline', node.get('pipeline'))
    if 'datasets' in node and not (isinstance(node['datasets'], (list, tuple)) and node['datasets']):
        raise refusal(cfg, f'{place}.datasets', node['datasets'], 'a list of data sets, one at least')
    parts = zip(_names(node), parts_of(node) or (), strict=True)
    return [(place, node), *(found for name, part in parts for found in check_sets(cfg, f'{place}.{name}', part))]


def _names(node: Mapping[str, Any]) -> list[str]:
    if 'datasets' in node:
        return [f'datasets.{index}' for index in range(len(node['datasets']))]
    return ['dataset'] if 'dataset' in node else []


def _loaders(cfg: Config) -> Iterator[tuple[str, Any]]:
    """Place and config of the data loaders that there are, those of hooks included."""
    yield from ((part, cfg[part]) for part in PARTS if cfg.get(part) is not None)
    yield from ((f'custom_hooks.{index}.holdout_dataloader', hook['holdout_dataloader'])
                for index, hook in hooks_with_data(cfg))


def hooks_with_data(cfg: Config) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Number and config of the hooks that have a data loader for themselves, ``holdout_dataloader``."""
    yield from ((index, hook) for index, hook in enumerate(cfg.get('custom_hooks') or ())
                if isinstance(hook, Mapping) and hook.get('holdout_dataloader') is not None)


def _check_steps(cfg: Config, place: str, steps: Any) -> None:
    if steps is None:
        return
    if not isinstance(steps, (list, tuple)):
        raise refusal(cfg, place, steps, 'a list of steps, each a dict with a type')
    for index, step in enumerate(steps):
        if isinstance(step, Mapping):
            _check_type(cfg, f'{place}.{index}', step)
        elif not callable(step):
            raise refusal(cfg, f'{place}.{index}', step, 'a dict with the type and the arguments of a step')


def _check_type(cfg: Config, place: str, node: Mapping[str, Any]) -> None:
    kind = node.get('type')
    if kind is None:
        near = difflib.get_close_matches('type', [key for key in node if isinstance(key, str)], n=1)
        has = f'is it what {near[0]!r} was to be?' if near else 'name the component that is meant'
        raise UserError(f'{place} of {file_of(cfg)} has no type; {has}')
    if not kind or (not isinstance(kind, str) and not callable(kind)):
        raise refusal(cfg, f'{place}.type', kind, 'the name of a component')


@CHECKS.register('loader')
def check_loader(cfg: Config, part: str, dataloader: Mapping[str, Any]) -> list[str]:
    """What a data loader names, and values of its data sets.

    Args:
        cfg: The config, for its scope.
        part: Place of the data loader in it.
        dataloader: The data loader.

    Returns:
        A warning where nothing mixes the images of a training.

    Raises:
        UserError: A component is unknown, an argument that all data sets have is of another kind, a step resizes to a
            side of 0 or below, or nothing reads an entry of a data set's options.
    """
    for key, kind in (('sampler', 'data sampler'), ('batch_sampler', 'data sampler'), ('collate_fn', 'function'),
                      ('worker_init_fn', 'function')):
        given = dataloader.get(key)
        if isinstance(given, Mapping):
            _check_type(cfg, f'{part}.{key}', given)
            _component(cfg, f'{part}.{key}', given, kind)
        elif kind == 'function' and key in dataloader and (key == 'worker_init_fn' or not callable(given)):
            raise refusal(cfg, f'{part}.{key}', given, 'a dict with the type and the arguments of a function')
    for place, node in check_sets(cfg, f'{part}.dataset', dataloader.get('dataset')):
        check_values(cfg, place, node, _component(cfg, place, node, 'dataset'))
        for index, step in enumerate(node.get('pipeline') or ()):
            if isinstance(step, Mapping):
                _component(cfg, f'{place}.pipeline.{index}', step, 'transform')
                check_sides(cfg, f'{place}.pipeline.{index}', step)
    if part != 'train_dataloader' or any(dataloader.get(key) for key in ('sampler', 'batch_sampler', 'shuffle')):
        return []
    return ["it has no sampler, so that images come in the same order in every epoch: sampler=dict(type="
            "'DefaultSampler', shuffle=True) mixes them"]


def _component(cfg: Config, place: str, node: Mapping[str, Any], kind: str) -> Any:
    """The class that an entry names; UserError for one that is unknown."""
    name = node['type']
    found = name if not isinstance(name, str) else find_component(kind, name, scope_of(cfg))
    if found is None:
        raise UserError(f'{place} of {file_of(cfg)} {unknown_component(name, kind)}')
    return found


def scope_of(cfg: Config) -> str:
    """The scope in which a Runner looks for components."""
    return cfg.get('default_scope') or 'mmengine'

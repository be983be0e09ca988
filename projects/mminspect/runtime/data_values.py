"""Values that data sets of mmengine, and of packages on top of it, have in common."""
from __future__ import annotations

import difflib
import inspect
import os
import re
import sys
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from mmengine.config import Config
from mmengine.dataset import BaseDataset

from mminspect.core.config_entries import file_of, refusal
from mminspect.core.errors import UserError

from .dataset_cfg import component_name

_PATH, _DICT, _BOOL = (str, os.PathLike), (Mapping, Config), (bool, )
#: What arguments of mmengine's ``BaseDataset`` may be, beside None, and how that is said; ``pipeline`` is looked at by
#: itself.
KINDS = MappingProxyType({
    **dict.fromkeys(('data_root', 'ann_file'), (_PATH, 'a path, as text')),
    **dict.fromkeys(('metainfo', 'data_prefix', 'filter_cfg'), (_DICT, 'a dict')),
    **dict.fromkeys(('test_mode', 'lazy_init', 'serialize_data'), (_BOOL, 'True or False')),
    'indices': ((int, list, tuple), 'a number of images, or a list of their positions'),
    'max_refetch': ((int, ), 'a whole number'),
})
#: Dicts of which a data set takes the entries that it knows, and says nothing of others.
OPTIONS = ('filter_cfg', 'data_prefix')
#: Entries of steps that resize: sizes in pixels, or factors.
SIDES = ('scale', 'scales', 'scale_factor', 'size', 'ratio_range')


def check_values(cfg: Config, place: str, dataset: Mapping[str, Any], kind: Any) -> None:
    """Look at the arguments that all of mmengine's data sets have.

    Args:
        cfg: The config, for messages.
        place: Of the data set in it.
        dataset: The data set's config.
        kind: Its class; others than those of mmengine are not looked at.

    Raises:
        UserError: One is of another kind, or nothing reads an entry of a dict of options.
    """
    if not (isinstance(kind, type) and issubclass(kind, BaseDataset)):
        return
    for key, (kinds, words) in KINDS.items():
        value = dataset.get(key)
        if isinstance(value, str) and isinstance(_default(kind, key), str):
            continue  # mmpretrain's data_prefix may be one folder
        if value is not None and not isinstance(value, kinds):
            raise refusal(cfg, f'{place}.{key}', value, words)
    if str(dataset.get('data_root')).startswith(('http://', 'https://')):
        raise refusal(cfg, f'{place}.data_root', dataset['data_root'],
                      'a folder, because mmengine joins no paths to an address')
    for name, folder in dataset['data_prefix'].items() if _is_dict(dataset, 'data_prefix') else ():
        if not isinstance(folder, _PATH):
            raise refusal(cfg, f'{place}.data_prefix.{name}', folder, 'a path, as text')
    classes = (dataset.get('metainfo') or {}).get('classes')
    if not (classes is None or isinstance(classes, str) or _are_names(classes)):  # text is the name of a file
        raise refusal(cfg, f'{place}.metainfo.classes', classes, 'a list of names')
    for key in OPTIONS:
        for entry in dataset[key] if _is_dict(dataset, key) else ():
            _check_option(cfg, f'{place}.{key}', entry, kind)


def check_sides(cfg: Config, place: str, step: Mapping[str, Any]) -> None:
    """Look at the sizes that a step of a pipeline resizes to, and at those of steps in it.

    Args:
        cfg: The config, for messages.
        place: Of the step in it.
        step: The step's config.

    Raises:
        UserError: A side, or a factor, is 0 or below.
    """
    name = component_name(step)
    for key, value in step.items():
        if 'Resize' in name and key in SIDES and any(number <= 0 for number in _numbers_in(value)):
            raise refusal(cfg, f'{place}.{key}', value, f'numbers above 0, since {name} makes images of that size')
        for inner, child in enumerate(value) if isinstance(value, (list, tuple)) else ():
            if isinstance(child, Mapping):
                check_sides(cfg, f'{place}.{key}.{inner}', child)


def _numbers_in(value: Any) -> Iterator[float]:
    if isinstance(value, (int, float)):
        yield value
    for child in value if isinstance(value, (list, tuple)) else ():
        yield from _numbers_in(child)


def _is_dict(dataset: Mapping[str, Any], key: str) -> bool:
    return isinstance(dataset.get(key), Mapping)


def _default(kind: type, argument: str) -> Any:
    """Of the argument of a constructor, of the nearest class that has it."""
    for owner in kind.__mro__:
        if '__init__' in vars(owner) and argument in (known := inspect.signature(owner.__init__).parameters):
            return known[argument].default
    return None


def _are_names(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(name, str) for name in value)


def _check_option(cfg: Config, place: str, entry: Any, kind: type) -> None:
    """Raise UserError if the modules of a data set's classes do not have a word: then nothing reads such an entry."""
    try:
        text = ''.join(inspect.getsource(sys.modules[owner.__module__]) for owner in kind.__mro__
                       if issubclass(owner, BaseDataset))
    except (OSError, TypeError, KeyError):  # compiled, or made in a notebook
        return
    if re.search(rf'\b{re.escape(str(entry))}\b', text):
        return
    near = difflib.get_close_matches(str(entry).lower(), sorted(set(re.findall(r"'(\w+)'", text))), n=1)
    hint = f'did you mean {near[0]}?' if near else 'take it out, or see how it is written'
    raise UserError(f'{place} of {file_of(cfg)} has {entry!r}, which {kind.__name__} does not read; {hint}')

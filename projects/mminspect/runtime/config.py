"""A config file with the overrides of the command line, read so that a mistyped one is not silent."""
from __future__ import annotations

import difflib
import inspect
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mminspect.core.config_entries import check_entries
from mminspect.core.config_names import find_config
from mminspect.core.errors import UserError
from mminspect.core.methods import import_method
from mminspect.core.setup import setup

from .check_registry import CHECKS
from .data_sections import check_shape

#: What ``--cfg-options`` may add to a config that does not name it.
OPTIONAL_KEYS = frozenset({'auto_scale_lr', 'compile', 'custom_hooks', 'experiment_name', 'find_unused_parameters',
                           'load_from', 'log_level', 'model_wrapper_cfg', 'randomness', 'resume', 'sync_bn',
                           'work_dir'})

#: Entries of a config that something reads when it is complete. All others are variables, which have done their work
#: when the file has been read: changing one afterwards changes nothing.
READ_KEYS = frozenset({*inspect.signature(Runner.__init__).parameters, *OPTIONAL_KEYS, 'published', 'picture_hook'})


def load_config(path: str, options: dict[str, Any] | None = None, work_dir: str | None = None) -> Config:
    """Read a config file and import the packages it names.

    Args:
        path: Config file, or the name of one that comes with this project: :func:`find_config`.
        options: Overrides from ``--cfg-options``.
        work_dir: Overrides the config's; without either it is ``work_dirs/<name of the config>``, and in there what
            functions of the stage 'work_dir' add, such as the category.

    Raises:
        UserError: The file or one of its bases is missing, fails, or imports something that is not installed; or an
            option does not fit it or would change nothing.
    """
    path = str(find_config(path))
    setup()  # also for a config that imports neither fdrd nor anomaly_rd
    if os.getcwd() not in sys.path:  # the user's own packages in custom_imports
        sys.path.append(os.getcwd())
    try:
        cfg = Config.fromfile(path)
    except SystemExit as error:
        raise UserError(f'config {path} ends the program (sys.exit({"" if error.code is None else repr(error.code)})) '
                        'when it is read, or a module that it imports does: take that out') from error
    except Exception as error:  # a config is a program and may fail in every way
        variable = re.search(r'`(\w+)` cannot be found in `os.environ`', str(error))
        if variable and os.environ.get(variable[1]) == '':  # mmengine takes it for one that is not set
            raise UserError(f'config {path} reads {variable[1]} from the environment, where it is empty: give it a '
                            'value, or unset it') from error
        raise UserError(f'config {path} cannot be read: {type(error).__name__}: {error}') from error
    check_entries(cfg)
    check_shape(cfg)
    import_method(cfg.get('default_scope'))
    override(cfg, options or {})
    cfg.work_dir = work_dir or cfg.get('work_dir') or str(_default_work_dir(cfg, path))
    return cfg


def override(cfg: Config, options: dict[str, Any]) -> None:
    """Change entries of a config as ``--cfg-options`` asks for.

    Raises:
        UserError: An option does not fit the config or would change nothing, or an entry is of another kind than it
            is read as.
    """
    if options:
        _merge(cfg, options)
    check_entries(cfg)
    check_shape(cfg)


def _merge(cfg: Config, options: dict[str, Any]) -> None:
    _check_options(cfg, options)
    try:
        cfg.merge_from_dict(options)
    except (KeyError, TypeError, IndexError, AttributeError, AssertionError) as error:
        raise UserError(f'--cfg-options does not fit {cfg.filename}: {error}') from error
    setters = CHECKS.options()
    for name in options.keys() & setters.keys():
        setters[name](cfg, options[name])


def _default_work_dir(cfg: Config, path: str) -> Path:
    parts = (part(cfg) for part in CHECKS.of('work_dir'))
    return Path('work_dirs', Path(path).stem, *filter(None, parts))


def _check_options(cfg: Config, options: dict[str, Any]) -> None:
    """mmengine adds what it does not know, so that a mistyped override changes nothing and says nothing."""
    for option, value in options.items():
        key = option.split('.')[0]
        if key not in cfg and key not in OPTIONAL_KEYS:
            near = difflib.get_close_matches(key, [*cfg, *OPTIONAL_KEYS], n=3, cutoff=0.5)
            hint = f'did you mean {" or ".join(near)}?' if near else f'it has {", ".join(sorted(cfg))}'
            raise UserError(f'--cfg-options: {cfg.filename} has no {key!r} ({option}); {hint}')
        if key not in READ_KEYS and key not in CHECKS.options():
            raise UserError(f'--cfg-options: {option} would change nothing, because {key} is only a variable inside '
                            f'{cfg.filename}: {_instead(cfg, option)}')
        if _is_number(old := _lookup(cfg, option)) and not (value is None or _is_number(value)):
            raise UserError(f'--cfg-options: {option} is the number {old} in {cfg.filename}, {value!r} is none')


def _instead(cfg: Config, option: str) -> str:
    """What to set in place of a variable: up to three entries of its name, or else of its value."""
    key, _, rest = option.partition('.')
    entries = [entry for name in cfg if name in READ_KEYS for entry in _entries(cfg[name], name)]
    named = [path for path, _ in entries if path.split('.')[-1] == key]
    value = cfg[key]
    equal = [path for path, other in entries if value is not None and type(other) is type(value) and other == value]
    found = [f'{path}.{rest}' if rest else path for path in (named or equal)[:3]]
    return f'set {", ".join(found)} instead' if found else 'set the entries that it stands for, or change the file'


def _entries(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Path and value of a node and of all entries below it."""
    yield path, node
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, (list, tuple)) else ()
    for key, child in items:
        yield from _entries(child, f'{path}.{key}')


def _lookup(cfg: Any, option: str) -> Any:
    """The entry ``a.b.0.c`` of nested dicts and lists, or None where there is none."""
    for key in option.split('.'):
        try:
            cfg = cfg[int(key) if isinstance(cfg, (list, tuple)) else key]
        except (KeyError, IndexError, ValueError, TypeError):
            return None
    return cfg


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def use_amp(cfg: Config) -> None:
    """Train in mixed precision: float16 with loss scaling on a GPU, bfloat16 elsewhere; every part of a model that has
    several optimisers. Losses stay in float32, see :mod:`mminspect.models.precision`.

    Raises:
        UserError: The config has no optimiser.
    """
    wrapper = cfg.get('optim_wrapper')
    if not wrapper:
        raise UserError(f'--amp: {cfg.filename} has no optim_wrapper, so that there is nothing to train in mixed '
                        'precision: leave the option out')
    several = 'constructor' in wrapper and 'optimizer' not in wrapper
    for one in [part for part in wrapper.values() if isinstance(part, dict)] if several else [wrapper]:
        if torch.cuda.is_available():
            one.update(type='AmpOptimWrapper', loss_scale='dynamic')
        else:
            one.type = 'mmengine.Bf16OptimWrapper'
            for key in ('loss_scale', 'dtype'):  # of AmpOptimWrapper
                one.pop(key, None)

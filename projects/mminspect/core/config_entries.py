"""Entries of a config that have the wrong kind, or are not there, which mmengine meets with a traceback far away."""
from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from mmengine.config import Config
from mmengine.hooks import Hook

from mminspect.core.errors import UserError

_DICT, _LIST, _WORD = (Mapping, ), (list, tuple), (str, )
#: What the entries of a config that mmengine's Runner reads may be, beside None, and how that is said.
KINDS = MappingProxyType({
    **dict.fromkeys(('model', 'default_hooks', 'env_cfg', 'model_wrapper_cfg', 'randomness', 'auto_scale_lr',
                     'train_dataloader', 'val_dataloader', 'test_dataloader', 'optim_wrapper'), (_DICT, 'a dict')),
    **dict.fromkeys(('train_cfg', 'val_cfg', 'test_cfg'), (_DICT, 'a dict with the settings of the loop')),
    **dict.fromkeys(('val_evaluator', 'test_evaluator', 'param_scheduler'),
                    ((*_DICT, *_LIST), 'a dict or a list of dicts')),
    'custom_hooks': (_LIST, 'a list of dicts'),
    **dict.fromkeys(('default_scope', 'work_dir', 'load_from', 'experiment_name'), (_WORD, 'text')),
})

#: What entries of a model's ``test_cfg`` may be, and how that is said: others keep or drop boxes in silence.
LIMITS = MappingProxyType({
    'score_thr': (lambda value: 0 <= value <= 1, 'a score from 0 to 1'),
    'iou_threshold': (lambda value: 0 <= value <= 1, 'a share from 0 to 1'),
    'max_per_img': (lambda value: isinstance(value, int) and value >= 1, 'a whole number, 1 or more'),
    'nms_pre': (lambda value: isinstance(value, int) and (value >= 1 or value == -1),
                'a whole number above 0, or -1 for all'),
})
_NO_LIMIT = (lambda value: True, 'a number')
#: Numbers of data preprocessors that it divides by: the smallest, and how that is said.
DIVISORS = MappingProxyType({
    'pad_size_divisor': (1, 'a whole number, 1 or more'), 'size_divisor': (1, 'a whole number, 1 or more'),
    'std': (math.ulp(0.0), 'numbers above 0, since pixels are divided by it'),
})
#: Seeds that all generators of random numbers take.
_SEEDS = range(2**32)


def check_entries(cfg: Config) -> None:
    """Make sure that the entries of a config have the kinds that a Runner reads; None is left to who needs them.

    Raises:
        UserError: One has another.
    """
    for name, (kinds, words) in KINDS.items():
        value = cfg.get(name)
        if value is not None and not isinstance(value, kinds):
            raise refusal(cfg, name, value, words)
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        if cfg.get(name) is not None and not isinstance(cfg[name].get('dataset'), Mapping):
            raise refusal(cfg, f'{name}.dataset', cfg[name].get('dataset'), 'a dict')
        for key in ('sampler', 'batch_sampler'):
            _refuse_plain(cfg, name, key)
    _refuse_plain(cfg, 'optim_wrapper', 'optimizer')
    for index, hook in enumerate(cfg.get('custom_hooks') or ()):
        if not isinstance(hook, (Mapping, Hook)):
            raise refusal(cfg, f'custom_hooks.{index}', hook, 'a dict')
    for name, hook in (cfg.get('default_hooks') or {}).items():
        if hook is not None and not isinstance(hook, (Mapping, Hook)):
            raise refusal(cfg, f'default_hooks.{name}', hook, 'a dict')
    seed = (cfg.get('randomness') or {}).get('seed')
    if seed is not None and (type(seed) is not int or seed not in _SEEDS):
        raise refusal(cfg, 'randomness.seed', seed, f'a whole number from 0 to {_SEEDS[-1]}, or None')
    _check_numbers(cfg)


def _check_numbers(cfg: Config) -> None:
    """Raise UserError for what is no number although it is read as one, for limits that let everything pass, and for
    divisors of 0."""
    for path, value in _numbers(cfg._cfg_dict):
        keys = path.split('.')
        allowed, words = LIMITS.get(keys[-1], _NO_LIMIT) if 'test_cfg' in keys[1:] else _NO_LIMIT
        if (isinstance(value, float) and math.isnan(value)) or not allowed(value):
            raise refusal(cfg, path, value, words)
        name = next(key for key in reversed(keys) if not key.isdigit())
        if 'data_preprocessor' in keys and name in DIVISORS and value < DIVISORS[name][0]:
            raise refusal(cfg, path, value, DIVISORS[name][1])


def _numbers(node: Any, path: str = '') -> Iterator[tuple[str, float]]:
    """Path and value of all numbers in a config."""
    if isinstance(node, (int, float)) and not isinstance(node, bool):
        yield path, node
    # dict's own: mmengine's dict would import what entries name
    items = dict.items(node) if isinstance(node, dict) else enumerate(node) if isinstance(node, (list, tuple)) else ()
    for key, child in items:
        yield from _numbers(child, f'{path}.{key}' if path else str(key))


def require_entries(cfg: Config, *names: str) -> None:
    """Make sure that a config has entries which are not None.

    Raises:
        UserError: One is missing.
    """
    for name in names:
        if cfg.get(name) is None:
            raise UserError(f'{file_of(cfg)} has no {name}: give it one, or check how the entry is written')


def _refuse_plain(cfg: Config, name: str, key: str) -> None:
    value = (cfg.get(name) or {}).get(key)
    if isinstance(value, (str, int, float, *_LIST)):
        raise refusal(cfg, f'{name}.{key}', value, 'a dict')


def refusal(cfg: Config, name: str, value: Any, words: str) -> UserError:
    """What to raise for the entry ``name`` of a config, which ``words`` say what it may be."""
    text = repr(value)
    return UserError(f'{name} of {file_of(cfg)} is {text if len(text) <= 120 else f"{text[:117]}..."}: give {words}')


def file_of(cfg: Config) -> str:
    """How a config is called in messages."""
    return cfg.filename or 'the config'

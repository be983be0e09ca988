"""Values of the validation that a training goes by: whether the metrics give them."""
from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmengine.config import Config

from mminspect.core.config_entries import file_of
from mminspect.core.errors import UserError

from .check_registry import CHECKS

#: So many names of values are said.
_NAMED = 8


def check_watched(cfg: Config, metrics: Sequence[Mapping[str, Any]]) -> None:
    """Make sure that the metrics of the validation give what hooks and schedulers look for in its results.

    mmengine looks for it after the first validation, and ends there.

    Args:
        cfg: Of a training.
        metrics: Configs of the metrics; one whose values nobody knows may give any.

    Raises:
        UserError: They do not give a value of ``save_best``, or of ``monitor``.
    """
    given: list[str] = []
    for metric in metrics:
        names = next((names for find in CHECKS.of('values') if (names := find(metric)) is not None), None)
        if names is None:
            return
        given += names
    for place, name in _watched(cfg) if given else ():
        if name not in given:
            near = difflib.get_close_matches(name, given, n=2)
            shown = ', '.join(given[:_NAMED]) + (', ...' if len(given) > _NAMED else '')
            hint = f'did you mean {" or ".join(near)}?' if near else f'give one of {shown}'
            raise UserError(f'{place} of {file_of(cfg)} is {name!r}, which no metric of val_evaluator gives; {hint}')


def _watched(cfg: Config) -> Iterator[tuple[str, str]]:
    """Place and name of every value that is looked for."""
    for place, node in (*_parts(cfg, 'default_hooks'), *_parts(cfg, 'custom_hooks'), *_parts(cfg, 'param_scheduler')):
        for key in ('save_best', 'monitor'):
            value = node.get(key)
            for name in value if isinstance(value, (list, tuple)) else [value]:
                if isinstance(name, str) and name != 'auto':
                    yield f'{place}.{key}', name


def _parts(cfg: Config, section: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Place and config of the entries of a section, which is a dict of them, a list of them, or one of them."""
    node = cfg.get(section) or {}
    if isinstance(node, Mapping) and 'type' in node:
        yield section, node
        return
    for key, child in node.items() if isinstance(node, Mapping) else enumerate(node):
        if isinstance(child, Mapping):
            yield f'{section}.{key}', child

"""What anomaly maps and scores depend on besides a model's weights."""
from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.registry import MODELS


def map_settings(model: Mapping[str, Any]) -> dict[str, str]:
    """The options of a model that a threshold belongs to, those with defaults included.

    Args:
        model: ``model`` of a config, whose components are looked up in the default scope. Its class names the options
            (``map_options``); a class without any has none.

    Returns:
        For example ``{'map_head.fusion': '"sum"', 'map_head.sigma': '4.0', ...}``: values as JSON.
    """
    names = getattr(class_of(model), 'map_options', ())
    options = _with_defaults(model) if names else {}
    return dict(pair for name in names for pair in _flat(name, options.get(name)))


def default_settings(model: Mapping[str, Any]) -> dict[str, str]:
    """The same of a model that is given nothing but its components and what has no default."""
    return map_settings(_undone(model))


def _undone(cfg: Mapping[str, Any]) -> dict[str, Any]:
    defaults = _defaults(class_of(cfg))
    return {key: _undone(value) if _is_component(value) else value for key, value in cfg.items()
            if _is_component(value) or key not in defaults}


def _is_component(value: Any) -> bool:
    return isinstance(value, Mapping) and 'type' in value


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if _is_component(value):
        for key, inner in _with_defaults(value).items():
            yield from _flat(f'{name}.{key}', inner)
    else:
        # 4 and 4.0 are one number
        yield name, json.dumps(float(value) if type(value) is int else value, default=str, sort_keys=True)


def _with_defaults(cfg: Mapping[str, Any]) -> dict[str, Any]:
    kind = class_of(cfg)
    return {**_defaults(kind), **cfg, 'type': kind.__name__}


def _defaults(kind: type | None) -> dict[str, Any]:
    """Arguments that a class need not be given, with the values that they then have."""
    parameters = {} if kind is None else inspect.signature(kind).parameters
    return {name: parameter.default for name, parameter in parameters.items()
            if parameter.default is not parameter.empty}


def class_of(cfg: Mapping[str, Any], scope: str | None = None) -> type | None:
    """The class of a component's config, looked up in ``scope``, by default the current one; None: there is none."""
    if not isinstance(cfg['type'], str):
        return cfg['type']
    with MODELS.switch_scope_and_registry(scope) as registry:
        return registry.get(cfg['type'])

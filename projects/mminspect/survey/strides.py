"""The steps, in pixels of its input, at which a detector looks for objects."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

#: Parts of a model's config that say where a head looks.
GENERATORS = ('anchor_generator', 'prior_generator')


def smallest_stride(model: Mapping[str, Any]) -> float | None:
    """The smallest stride of a detector's anchors or points; None for a model that has none.

    Args:
        model: The ``model`` dict of a config; its teacher does not count.
    """
    found = [float(value) for head in _heads(model) for value in head]
    return min(found, default=None)


def _heads(node: Mapping[str, Any]) -> Iterator[list[float]]:
    for name, part in node.items():
        if not isinstance(part, Mapping) or 'teacher' in name:
            continue
        if name in GENERATORS or name.endswith('_head'):
            yield _numbers(part.get('strides'))
        yield from _heads(part)


def _numbers(strides: Any) -> list[float]:
    """Each is one number, or one for each direction."""
    flat = [value for one in strides or () for value in (one if isinstance(one, (list, tuple)) else (one, ))]
    return [value for value in flat if isinstance(value, (int, float))]

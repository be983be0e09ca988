"""The tiles that a model was trained and tested on."""
from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any

from mmengine.registry import DATASETS

from mminspect.runtime.dataset_cfg import representative


def tiles_of(dataset: Mapping[str, Any]) -> dict[str, int | None]:
    """Fields tile and overlap of a :class:`~mminspect.inspection.spec.NetworkSpec`; each None for a data set without
    tiles.

    Args:
        dataset: Config of the test set, wrapped or not, whose class is looked up in the default scope; what it leaves
            out is the default of its class, but where that is an overlap of 0, the inspection's own is taken: maps are
            blended then and have no seams.

    Raises:
        UserError: Several test sets that are cut in different ways.
    """
    dataset = representative(dataset, ('type', 'tile', 'overlap'))
    with DATASETS.switch_scope_and_registry(None) as datasets:
        kind = datasets.get(dataset['type']) if dataset.get('type') else None
    known = {} if kind is None else signature(kind).parameters
    defaults = {name: parameter.default or None for name, parameter in known.items()}
    return {name: dataset.get(name, defaults.get(name)) for name in ('tile', 'overlap')}

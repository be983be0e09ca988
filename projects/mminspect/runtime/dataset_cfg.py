"""Data sets inside wrappers such as ``ConcatDataset``: the one place that knows how they are nested.

A wrapper has its parts under ``datasets`` (``ConcatDataset``) or its only one under ``dataset`` (``RepeatDataset``,
``ClassBalancedDataset``, ``MultiImageMixDataset``), as a config and as a built object alike; wrappers may lie in each
other.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch.utils.data import Subset

from mminspect.core.errors import UserError

#: Wrappers that give images of their only data set several times, or mix them: beside those there are no others in it.
REPEATING = ('RepeatDataset', 'ClassBalancedDataset', 'MultiImageMixDataset')


def leaves(dataset_cfg: Mapping[str, Any]) -> list[Any]:
    """The configs of the data sets in their wrappers, in order; the config itself where it is no wrapper.

    They are the entries themselves, not copies: what is set in them is set in ``dataset_cfg``.
    """
    parts = parts_of(dataset_cfg)
    return [dataset_cfg] if parts is None else [leaf for part in parts for leaf in leaves(part)]


def pipelines(dataset_cfg: Mapping[str, Any]) -> list[list[Any]]:
    """The steps that images of every leaf go through: its own, then those of the wrappers around it."""
    parts, own = parts_of(dataset_cfg), list(dataset_cfg.get('pipeline') or ())
    return [own] if parts is None else [[*steps, *own] for part in parts for steps in pipelines(part)]


def with_pipeline(dataset_cfg: Mapping[str, Any], pipeline: Sequence[Any]) -> dict[str, Any]:
    """A copy of the config in which every image goes through ``pipeline`` alone, once (:data:`REPEATING` goes)."""
    if 'datasets' in dataset_cfg:
        return dict(dataset_cfg, datasets=[with_pipeline(part, pipeline) for part in dataset_cfg['datasets']])
    if 'dataset' not in dataset_cfg:
        return dict(dataset_cfg, pipeline=list(pipeline))
    inner = with_pipeline(dataset_cfg['dataset'], pipeline)
    return inner if component_name(dataset_cfg) in REPEATING else dict(dataset_cfg, dataset=inner)


def representative(dataset_cfg: Mapping[str, Any], keys: Sequence[str], part: str = 'test_dataloader') -> Any:
    """The first leaf, which stands for all others because they agree in ``keys``.

    Args:
        dataset_cfg: As it stands in a data loader.
        keys: Entries that must be equal in all leaves, or absent from all.
        part: Name of the data loader, for the message.

    Raises:
        UserError: There is no leaf, or two differ in one of the entries.
    """
    found = leaves(dataset_cfg)
    if not found:
        raise UserError(f'the {component_name(dataset_cfg)} of {part} has no data set in it: name at least one')
    for key in keys:
        if any(leaf.get(key) != found[0].get(key) for leaf in found):
            raise UserError(f'the data sets in the {component_name(dataset_cfg)} of {part} differ in {key}, so that '
                            f'nobody knows which one holds for other images: give all of them the same {key}')
    return found[0]


def leaf_datasets(dataset: Any) -> list[Any]:
    """The built data sets in their wrappers, in order.

    torch's ``Subset`` counts as a leaf: it does not give all images of what is in it.
    """
    parts = getattr(dataset, 'datasets', None)
    if parts is None and hasattr(dataset, 'dataset') and not isinstance(dataset, Subset):
        parts = [dataset.dataset]
    return [dataset] if parts is None else [leaf for part in parts for leaf in leaf_datasets(part)]


def parts_of(dataset_cfg: Mapping[str, Any]) -> Sequence[Mapping[str, Any]] | None:
    """The configs directly in a wrapper; None for what is none."""
    if 'datasets' in dataset_cfg:
        return dataset_cfg['datasets']
    return [dataset_cfg['dataset']] if 'dataset' in dataset_cfg else None


def component_name(config: Any) -> str:
    """Type of the config of a data set or a step, without its scope; the class of one that has been built."""
    kind = config.get('type', '') if isinstance(config, Mapping) else type(config)
    return kind.split('.')[-1] if isinstance(kind, str) else getattr(kind, '__name__', str(kind))

"""Whether a model may keep what it computes from a training image."""
from __future__ import annotations

from collections.abc import Callable

from anomaly_rd.registry import TRANSFORMS
from mminspect.core.errors import UserError
from mminspect.runtime import CHECKS
from mminspect.runtime.dataset_cfg import leaves, pipelines


@CHECKS.register('model')
def check_cache(model: dict, dataset: dict) -> None:
    """Refuse ``model.cache_features`` where training images come out differently in every epoch.

    The features of the first epoch would stand for all others, and the augmentation would do nothing.

    Args:
        model: ``model`` of a config.
        dataset: ``dataset`` of a dataloader; only those with split 'train' are looked at.

    Raises:
        UserError: The pipeline has a step that is not marked ``deterministic = True``, or the option is no truth value.
    """
    if not isinstance(model.get('cache_features', False), bool):
        raise UserError(f"model.cache_features is {model['cache_features']!r}: give True or False")
    if not model.get('cache_features'):
        return
    for leaf, steps in zip(leaves(dataset), pipelines(dataset), strict=True):
        random = [step for step in steps if not _is_deterministic(step)]
        if leaf.get('split', 'train') == 'train' and random:
            raise UserError(f'model.cache_features computes the features of a training image once, but the training '
                            f'pipeline has {_name(random[0])}, which may change it in every epoch: set '
                            'model.cache_features=False or remove the step')


def _is_deterministic(step: dict | Callable) -> bool:
    kind = _kind(step)
    return kind is None or getattr(kind, 'deterministic', False)  # None: whoever builds it says that it is unknown


def _kind(step: dict | Callable) -> object:
    if not isinstance(step, dict):
        return step
    return TRANSFORMS.get(step['type']) if isinstance(step['type'], str) else step['type']


def _name(step: dict | Callable) -> str:
    kind = _kind(step)
    return kind.__name__ if isinstance(kind, type) else type(kind).__name__

"""Further views of a sample (noisy, clean, grey, ...): ``img_<name>`` in a pipeline, ``inputs_<name>`` in a batch."""
from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from mminspect.core.errors import UserError

#: How entries of a pipeline's results, and of a batch, that hold a view begin.
IMAGE, VIEW = 'img_', 'inputs_'


def views_in(results: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The images (H, W, C) of the views in a pipeline's results, by their name in the batch (``inputs_<name>``)."""
    return {VIEW + key.removeprefix(IMAGE): value for key, value in results.items()
            if key.startswith(IMAGE) and isinstance(value, np.ndarray)}


def refuse_undeclared(model: str, declared: Collection[str], given: Collection[str]) -> None:
    """Raise UserError for a view that a model does not declare: it would lie there without a word.

    Args:
        model: Name of its class.
        declared: Names of the views that it takes.
        given: Entries of a batch, ``inputs_<name>`` each.
    """
    if unknown := sorted({name.removeprefix(VIEW) for name in given} - set(declared)):
        known = ', '.join(VIEW + name for name in declared)
        raise UserError(f'the pipeline gives {model} the view {VIEW}{unknown[0]}, which it does not declare (it '
                        f'declares {known or "none"}): take the transform that makes {IMAGE}{unknown[0]} out of the '
                        "pipeline, or name it in the model's views")

"""A detector's number of classes against those of its data."""
from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import product

from mminspect.core.errors import UserError
from mminspect.runtime import CHECKS
from mminspect.runtime.dataset_cfg import leaves

from .class_names import names_in_file


@CHECKS.register('model')
def check_class_count(model: dict, dataset: dict) -> None:
    """Compare ``num_classes`` of the head with the class names of a data set.

    mmdet takes label K of a head with K classes for background: with one class too few, the objects of the last one
    are learnt as background without a word.

    Args:
        model: ``model`` of a config; a head without ``num_classes`` is not checked.
        dataset: ``dataset`` of a dataloader; wrappers are looked into, one without ``metainfo.classes`` is not checked.

    Raises:
        UserError: The two numbers differ.
    """
    heads = {'bbox_head': model.get('bbox_head'), 'roi_head.bbox_head': (model.get('roi_head') or {}).get('bbox_head')}
    for (name, head), leaf in product(heads.items(), leaves(dataset)):
        count, classes = head.get('num_classes') if isinstance(head, dict) else None, _class_names(leaf)
        if count is not None and classes is not None and count != len(classes):
            raise UserError(f'model.{name} has num_classes={count}, but the data has {len(classes)} classes '
                            f'({", ".join(classes)}): set model.{name}.num_classes={len(classes)} (in the teacher too)')


def _class_names(dataset: dict) -> Sequence[str] | None:
    """None where neither the config nor a file that it names lists them: another check tells what such a text is."""
    classes = (dataset.get('metainfo') or {}).get('classes')
    if isinstance(classes, str):
        return names_in_file(classes) if os.path.isfile(classes) else None
    return classes

"""A detector's number of classes against those of its data."""
from __future__ import annotations

from mminspect.core.errors import UserError
from mminspect.runtime import CHECKS


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
    for inner in [*dataset.get('datasets', []), *filter(None, [dataset.get('dataset')])]:
        check_class_count(model, inner)
    classes = (dataset.get('metainfo') or {}).get('classes')
    heads = {'bbox_head': model.get('bbox_head'), 'roi_head.bbox_head': (model.get('roi_head') or {}).get('bbox_head')}
    for name, head in heads.items():
        count = head.get('num_classes') if isinstance(head, dict) else None
        if count is not None and not isinstance(classes, (str, type(None))) and count != len(classes):
            raise UserError(f'model.{name} has num_classes={count}, but the data has {len(classes)} classes '
                            f'({", ".join(classes)}): set model.{name}.num_classes={len(classes)} (in the teacher too)')

"""Check a data set before anything is built, so that a mistake costs a second and one sentence, not an epoch.

Order: annotation file, class names, boxes, image files, then what the built data set gives of all that. Images are
checked without decoding their pixels (see :mod:`mminspect.vision.image_files`): 3300 take some seconds.
"""
from __future__ import annotations

from dataclasses import replace

from mmdet.datasets import CocoDataset

from mminspect.core.errors import UserError
from mminspect.runtime import CHECKS
from mminspect.runtime.dataset_cfg import leaves
from mminspect.vision.copies import copies
from mminspect.vision.image_sets import describe_training
from mminspect.vision.reading import Reading

from .box_forms import refuse_shares
from .class_names import check_same_classes
from .given import GivenData
from .leaf_data import LeafData, kind_of, read_leaf, source_of
from .records import ImageRecord, check_boxes, check_images


@CHECKS.register('data')
def check_dataset_cfg(dataset_cfg: dict) -> list[str]:
    """Check the files behind one ``dataset`` config; wrappers such as ``RepeatDataset`` are looked into.

    Args:
        dataset_cfg: as it stands in ``train_dataloader.dataset``; data sets like COCO and VOC and those derived from
            ``AnnotatedDataset`` are checked, others for detection give a warning; what belongs to other packages is
            left to their checks.

    Returns:
        warnings for the log: boxes that are not given, images without objects, tiny boxes, unused categories...

    Raises:
        UserError: what is wrong, where, and what to do.
    """
    found = leaves(dataset_cfg)
    check_same_classes(found)
    texts = [text for leaf in found for text in _check_leaf(leaf)]
    training = [image_paths(leaf) for leaf in found if not leaf.get('test_mode')]
    return [*texts, *describe_training(sum(map(len, training)))]


@CHECKS.register('split')
def check_split(train_cfg: dict, other_cfg: dict, name: str) -> list[str]:
    """Compare the images of a training with those of another data set.

    Args:
        train_cfg: as it stands in ``train_dataloader.dataset``.
        other_cfg: likewise, of the data loader ``name``; one that cannot be read is left to its own check.
        name: for the message.

    Returns:
        a warning if the same file, or a copy of it, is in both.
    """
    try:
        train, others = image_paths(train_cfg), image_paths(other_cfg)
    except UserError:
        return []
    shared = copies(train, others)
    if not shared:
        return []
    first = ', '.join(path if path == copy else f'{path} is {copy}' for path, copy in list(shared.items())[:3])
    return [f'{len(shared)} of {len(others)} images of {name} are also trained on, as the same file or byte for byte '
            f'(first: {first}): results on them say nothing of other images, so take them out of one of the two']


def image_paths(dataset_cfg: dict) -> list[str]:
    """The files of all images that a config's data sets list; UserError if their annotations cannot be read."""
    found = (read_leaf(leaf) for leaf in leaves(dataset_cfg))
    return [str(record.path) for leaf in found if leaf is not None for record in leaf.records if record.path]


def given_data(dataset_cfg: dict) -> list[GivenData]:
    """What each data set of a config gives of what its files list; UserError if one cannot be read."""
    found = (read_leaf(leaf) for leaf in leaves(dataset_cfg))
    return [leaf.given for leaf in found if leaf is not None]


def _check_leaf(dataset_cfg: dict) -> list[str]:
    kind = kind_of(dataset_cfg)
    if kind is None:
        return []
    if '://' in source_of(dataset_cfg):
        return [f"'{source_of(dataset_cfg)}' is not a local file and was not checked"]
    leaf = read_leaf(dataset_cfg)
    if leaf is None:
        return [f"data set type {dataset_cfg.get('type')!r} is not checked: it is neither COCO-like nor VOC-like "
                'nor derived from AnnotatedDataset']
    return _check_data(leaf)


def _check_data(leaf: LeafData) -> list[str]:
    refuse_shares(leaf.records, leaf.source)
    boxes = check_boxes(list(map(_kept, leaf.records)), leaf.source, leaf.hint)
    steps = leaf.cfg.get('pipeline') or ()
    images = check_images(leaf.records, leaf.source, leaf.folder, Reading.of_pipeline(steps), steps)
    given = leaf.given
    given.refuse_nothing()
    form = [f"'{leaf.source}': {leaf.form}"] if leaf.form else []
    if given.dropped and leaf.cfg.get('test_mode') and issubclass(leaf.kind, CocoDataset):
        form.append(f"'{leaf.source}': a metric with ann_file counts the dropped boxes as objects that were not found: "
                    'take them out of the file')
    return [*leaf.warnings, *form, *given.warnings(), *boxes, *images]


def _kept(record: ImageRecord) -> ImageRecord:
    """Without the boxes that the data set will drop: they are counted, not judged."""
    return replace(record, boxes=[box for box in record.boxes if not box.dropped])

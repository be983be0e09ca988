"""Ground truth as pycocotools can compare it, and whether it is that of the images that were tested."""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from mmdet.datasets.api_wrappers import COCO

from mminspect.core.errors import UserError


def number(truth: COCO, categories: bool = True) -> None:
    """Number annotations from 1, in place: pycocotools takes a match with the id 0 for none.

    Args:
        truth: Of a file.
        categories: Number categories as well, in the file's order, if their ids do not ascend: mmdet's values of single
            classes go by that order, pycocotools' by the ids.
    """
    listed = [category['id'] for category in truth.dataset['categories']]
    if categories and (not all(type(one) is int for one in listed) or listed != sorted(listed)):
        new = {old: place for place, old in enumerate(listed, 1)}
        for category in truth.dataset['categories']:
            category['id'] = new[category['id']]
        for annotation in truth.dataset['annotations']:
            annotation['category_id'] = new[annotation['category_id']]
    for place, annotation in enumerate(truth.dataset['annotations'], 1):
        annotation['id'] = place
    truth.createIndex()
    truth.img_ann_map, truth.cat_img_map = truth.imgToAnns, truth.catToImgs  # mmdet's names for them


def distinct_images(results: Sequence[tuple[dict, dict]]) -> list[tuple[dict, dict]]:
    """Pairs of ground truth and prediction whose images have ids of their own, from 1."""
    return [({**truth, 'img_id': place}, {**prediction, 'img_id': place})
            for place, (truth, prediction) in enumerate(results, 1)]


def same_classes(truth: COCO, classes: Sequence[str], source: str) -> None:
    """Raise UserError if the categories, in the file's order, are not the classes in theirs: they are the labels."""
    names = [category['name'] for category in truth.dataset['categories'] if category['name'] in classes]
    if names != list(classes):
        raise UserError(f"the metric's ann_file '{source}' has the categories {tuple(names)} of the data set's classes "
                        f'{tuple(classes)}: give data set and metric the same file, or the same names in one order')


def untested(truth: COCO, tested: Sequence[Any], source: str) -> str:
    """Words for images of the ground truth that were not tested, if they have objects.

    Raises:
        UserError: An image is not in the ground truth.
    """
    unknown = [one for one in tested if one not in truth.imgs]
    if unknown:
        raise UserError(f'{len(unknown)} of {len(tested)} tested images (first: that with id {unknown[0]!r}) are not '
                        f"in the metric's ann_file '{source}': give data set and metric the same file")
    left = set(truth.imgs) - set(tested)
    missed = sum(len(truth.imgToAnns[one]) for one in left if one in truth.imgToAnns)
    if not missed:
        return ''
    return (f"{len(left)} of {len(truth.imgs)} images of '{source}' were not tested: their {missed} objects count as "
            'missed')


def fullest(truth: COCO, limit: int, classes: bool = True) -> tuple[int, int]:
    """How many images have more than ``limit`` objects, and the most objects that there are.

    Args:
        truth: Of all images.
        limit: Of objects.
        classes: Count each class for itself.
    """
    counts = Counter((annotation['image_id'], annotation['category_id'] if classes else None)
                     for annotation in truth.dataset.get('annotations', ()) if not annotation.get('iscrowd'))
    over = {image for (image, _), count in counts.items() if count > limit}
    return len(over), max(counts.values(), default=0)

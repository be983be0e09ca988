"""The images and boxes that a detection data set gives, for ``mminspect check`` and for what a training prints."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from functools import partial
from io import StringIO
from typing import Any

from mmcv.image import rescale_size
from mmdet.datasets import BaseDetDataset, CocoDataset
from mmdet.registry import TRANSFORMS

from mminspect.core.errors import UserError
from mminspect.runtime import CHECKS
from mminspect.runtime.dataset_cfg import leaves, pipelines
from mminspect.survey.items import Box, Item, Listing, Size
from mminspect.vision.reading import LOADERS, Reading

from .given import count_given
from .leaf_data import kind_of, read_leaf
from .tiled_coco import TiledCocoDataset

#: Labels of a box that training and test pass over.
IGNORED = 'ignored (crowd or difficult)'


@CHECKS.register('survey')
def list_detection_images(dataset_cfg: dict) -> list[Listing]:
    """What the data set itself gives to training or test, whatever its format; its filters are applied.

    Args:
        dataset_cfg: As it stands in a data loader; wrappers are looked into, data sets of other packages left out.

    Raises:
        UserError: It cannot be built or its annotations cannot be read.
    """
    found = zip(leaves(dataset_cfg), pipelines(dataset_cfg), strict=True)
    return [_listing(leaf, kind, steps) for leaf, steps in found if (kind := kind_of(leaf)) is not None]


def _listing(leaf: Mapping[str, Any], kind: type[BaseDetDataset], steps: Sequence[Any]) -> Listing:
    loaders = [step for step in leaf.get('pipeline') or () if _name(step) in LOADERS]
    options = {key: value for key, value in leaf.items() if key != 'type'}
    try:
        dataset = kind(**dict(options, pipeline=[TRANSFORMS.build(dict(step)) for step in loaders],
                                     lazy_init=True, serialize_data=False))
        # of tiles, the images that they are cut from
        load = CocoDataset.load_data_list if isinstance(dataset, TiledCocoDataset) else type(dataset).load_data_list
        with redirect_stdout(StringIO()):  # pycocotools prints its progress
            dataset.data_list = every = load(dataset)
        dataset.data_list = dataset.filter_data()
        if dataset._indices is not None:
            dataset.data_list = dataset._get_unserialized_subset(dataset._indices)
    except UserError:
        raise
    except Exception as error:  # mmdet's readers fail in every way
        raise UserError(f"the images of '{leaf.get('ann_file') or leaf.get('data_root')}' cannot be listed: "
                        f'{type(error).__name__}: {error}') from error
    classes = tuple(dataset.metainfo.get('classes') or ())
    return Listing([_item(info, classes) for info in dataset.data_list], _left_out(every, dataset.data_list),
                   _objects_left_out(leaf, dataset), classes, Reading.of_pipeline(loaders),
                   partial(resize_factors, tuple(map(_plain, steps)), getattr(dataset, 'tile', None)))


def _objects_left_out(leaf: Mapping[str, Any], dataset: BaseDetDataset) -> dict[str, int]:
    """Reason -> annotated objects that training and test do not get, ignored ones among them.

    Args:
        leaf: Config of the data set.
        dataset: Built of it, with its images; of tiles, those that they are cut from.
    """
    try:
        listed = read_leaf(dict(leaf))
        given = None if listed is None else count_given(
            listed.records, listed.build() if isinstance(dataset, TiledCocoDataset) else dataset, listed.source)
    except UserError:  # its check tells what is wrong
        given = None
    if given is None:  # also for a format that no reader here knows
        ignored = sum(bool(one['ignore_flag']) for info in dataset.data_list for one in info['instances'])
        return {IGNORED: ignored} if ignored else {}
    return {reason: len(names) for reasons in (given.ignored, given.dropped) for reason, names in reasons.items()}


def _left_out(every: Sequence[dict], kept: Sequence[dict]) -> dict[str, int]:
    """Reason -> images that the data set's filter takes out."""
    known = {id(info) for info in kept}
    reasons = Counter('too small (filter_cfg)' if info['instances'] else 'without objects (filter_empty_gt)'
                      for info in every if id(info) not in known) if len(kept) < len(every) else {}
    return dict(reasons)


def _item(info: dict, classes: Sequence[str]) -> Item:
    boxes = tuple(_box(one, classes) for one in info['instances'] if not one['ignore_flag'])
    size = (info['width'], info['height']) if info.get('width') and info.get('height') else None
    return Item(str(info['img_path']), boxes=boxes, size=size)


def _box(instance: dict, classes: Sequence[str]) -> Box:
    x0, y0, x1, y1 = map(float, instance['bbox'])
    return Box(str(classes[instance['bbox_label']]), x0, y0, x1 - x0, y1 - y0)


def _plain(step: Any) -> dict[str, Any]:
    return dict(step) if isinstance(step, Mapping) else {}


def _name(step: Any) -> str:
    return str(step.get('type', '')).split('.')[-1] if isinstance(step, Mapping) else ''


def resize_factors(steps: Sequence[Mapping[str, Any]], tile: int | None, size: Size) -> tuple[float, float]:
    """By how much the steps stretch width and height; of a random choice the smallest.

    Args:
        steps: Configs of a pipeline; ``Resize``, ``RandomResize`` and ``RandomChoiceResize`` are known.
        tile: Side in pixels of the tiles that images are cut into before; None: they come whole.
        size: (width, height) of the image.
    """
    start = now = (tile, tile) if tile else size
    for step in steps:
        now = min((_resized(now, one) for one in _choices(step)), key=lambda side: side[0] * side[1], default=now)
    return now[0] / start[0], now[1] / start[1]


def _choices(step: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a step may do: one or several ``scale``, ``scale_factor`` and ``keep_ratio``."""
    keep, scale = step.get('keep_ratio', False), step.get('scale')
    if _name(step) in ('Resize', 'FixShapeResize', 'FixScaleResize'):
        if 'width' in step and 'height' in step:
            scale = step['width'], step['height']
        return [dict(scale=scale, scale_factor=step.get('scale_factor'), keep_ratio=keep)]
    if _name(step) == 'RandomChoiceResize':
        return [dict(scale=one, keep_ratio=keep) for one in step.get('scales', ())]
    if _name(step) == 'RandomResize' and scale:
        if isinstance(scale, list) or isinstance(scale[0], (list, tuple)):
            return [dict(scale=tuple(one), keep_ratio=keep) for one in scale]
        least = min(step.get('ratio_range') or (1.0, ))
        return [dict(scale=tuple(int(side * least) for side in scale), keep_ratio=keep)]
    return []


def _resized(size: tuple[int, int], choice: Mapping[str, Any]) -> tuple[int, int]:
    scale, factor = choice.get('scale'), choice.get('scale_factor')
    if scale is None and factor is None:
        return size
    if scale is None:
        across, down = (factor, factor) if isinstance(factor, (int, float)) else factor
        return max(1, int(size[0] * across + 0.5)), max(1, int(size[1] * down + 0.5))  # as mmcv rounds
    scale = (scale, scale) if isinstance(scale, int) else tuple(scale)
    return rescale_size(size, scale) if choice['keep_ratio'] else scale

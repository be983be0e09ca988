"""The images and boxes that a detection data set gives, for ``mminspect check`` and for what a training prints."""
from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
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

from .leaf_data import LeafData, kind_of, read_leaf
from .tiled_coco import TiledCocoDataset

#: Labels of a box that training and test pass over.
IGNORED = 'ignored (crowd or difficult)'
#: Images of a format that no reader here knows.
FILTERED = 'left out by filter_cfg'


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
    known = _known(leaf)
    if known is None or issubclass(kind, TiledCocoDataset):
        dataset, left = _images_of(leaf, kind, loaders)
    else:
        walked = known.found.left if known.found else {}
        dataset, left = known.dataset, _counts({**walked, **known.given.images_out})
    classes = tuple(dataset.metainfo.get('classes') or ())
    annotated = {record.identity for record in known.records if record.boxes} if known else set()
    return Listing([_item(info, classes, annotated) for info in dataset.data_list], left,
                   _objects_left_out(known, dataset), classes, Reading.of_pipeline(loaders),
                   partial(resize_factors, tuple(map(_plain, steps)), getattr(dataset, 'tile', None)))


def _known(leaf: Mapping[str, Any]) -> LeafData | None:
    """What the checks know of a data set; None for a format that no reader here knows, or one with a mistake."""
    try:
        known = read_leaf(dict(leaf))
        return known if known is None or known.given else None
    except UserError:  # its check tells what is wrong
        return None


def _images_of(leaf: Mapping[str, Any], kind: type[BaseDetDataset], loaders: Sequence[Any]
               ) -> tuple[BaseDetDataset, dict[str, int]]:
    """The data set with its images, of tiles those that they are cut from; and how many its filter takes out."""
    options = {key: value for key, value in leaf.items() if key != 'type'}
    try:
        dataset = kind(**dict(options, pipeline=[TRANSFORMS.build(dict(step)) for step in loaders],
                              lazy_init=True, serialize_data=False))
        load = CocoDataset.load_data_list if isinstance(dataset, TiledCocoDataset) else type(dataset).load_data_list
        with redirect_stdout(StringIO()):  # pycocotools prints its progress
            dataset.data_list = every = load(dataset)
        dataset.data_list = kept = dataset.filter_data()
        if dataset._indices is not None:
            dataset.data_list = dataset._get_unserialized_subset(dataset._indices)
    except UserError:
        raise
    except Exception as error:  # mmdet's readers fail in every way
        raise UserError(f"the images of '{leaf.get('ann_file') or leaf.get('data_root')}' cannot be listed: "
                        f'{type(error).__name__}: {error}') from error
    return dataset, {FILTERED: len(every) - len(kept)} if len(kept) < len(every) else {}


def _objects_left_out(known: LeafData | None, dataset: BaseDetDataset) -> dict[str, int]:
    """Reason -> annotated objects that training and test do not get, ignored ones among them."""
    if known is not None:
        return _counts({**known.given.ignored, **known.given.dropped})
    ignored = sum(bool(one['ignore_flag']) for info in dataset.data_list for one in info['instances'])
    return {IGNORED: ignored} if ignored else {}


def _counts(reasons: Mapping[str, Sequence[Any]]) -> dict[str, int]:
    return {reason: len(names) for reason, names in reasons.items() if names}


def _item(info: dict, classes: Sequence[str], annotated: Container[Any]) -> Item:
    """An image; ``annotated`` are the identities of those whose annotations have an object, given or not."""
    boxes = tuple(_box(one, classes) for one in info['instances'] if not one['ignore_flag'])
    size = (info['width'], info['height']) if info.get('width') and info.get('height') else None
    return Item(str(info['img_path']), boxes=boxes, size=size,
                incomplete=len(boxes) < len(info['instances']) or (not boxes and info.get('img_id') in annotated))


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

"""Check a data set before anything is built, so that a mistake costs a second and one sentence, not an epoch.

Images are looked at by their structure and size only (:mod:`mminspect.vision.image_files`), masks are read.
"""
from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from anomaly_rd.registry import DATASETS, TRANSFORMS
from mminspect.core.errors import UserError
from mminspect.runtime import CHECKS
from mminspect.runtime.dataset_cfg import leaves
from mminspect.vision.copies import copies
from mminspect.vision.image_files import ImageProbe, probe_image
from mminspect.vision.image_sets import describe_images, describe_training
from mminspect.vision.images import read_mask
from mminspect.vision.reading import Reading

from .base import AnomalyDataset
from .layouts import Layout
from .listing import check_mask_size
from .tiled import TiledDataset
from .transforms import CentreCrop, ResizeInspection


@CHECKS.register('data')
def check_dataset_cfg(dataset_cfg: dict) -> list[str]:
    """Check the files behind one ``dataset`` config; wrappers such as ``ConcatDataset`` are looked into.

    Args:
        dataset_cfg: As it stands in ``train_dataloader.dataset``; data sets of other packages are left to their checks.

    Returns:
        Warnings for the log: masks without a defect, training images in the test, a training of one image...

    Raises:
        UserError: What is wrong, where, and what to do.
    """
    found = leaves(dataset_cfg)
    _check_same_category(found)
    texts, count = [], 0
    for leaf in found:
        if (dataset := _build(leaf)) is not None:
            resize, items = _resizing(leaf.get('pipeline') or ()), dataset.images()
            texts += _check_dataset(dataset, items, resize)
            count += len(items) if dataset.split == 'train' else 0
    return [*texts, *describe_training(count)]


@CHECKS.register('split')
def check_split(train_cfg: dict, other_cfg: dict, name: str) -> None:
    """Compare the images of a training with those of another data set.

    Args:
        train_cfg: As it stands in ``train_dataloader.dataset``.
        other_cfg: Likewise, of the data loader ``name``; one whose images are not there is left to its own check.
        name: For the message.

    Raises:
        UserError: An image is in both, as when the two are divided by other ratios or seeds.
    """
    try:
        others = _paths(other_cfg)
    except UserError:
        return
    refuse_shared(_paths(train_cfg), others, name)


def refuse_shared(train: Sequence[str], others: Sequence[str], name: str) -> None:
    """Raise UserError if one of the image paths ``others``, those of ``name``, is among the training's.

    Links are followed, so that one file has one path.
    """
    known = {os.path.realpath(path) for path in train}
    if shared := [path for path in others if os.path.realpath(path) in known]:
        raise UserError(f"{len(shared)} of {len(others)} images of {name} are also trained on (first: '{shared[0]}'): "
                        'give both data sets the same options of the division (train_ratio, seed, holdout, '
                        'holdout_seed)')


@CHECKS.register('absence')
def missing_test(dataset_cfg: dict) -> str | None:
    """Where the test images of a data set would lie, if it has good images for training and no such place at all.

    None for all others: what is wrong with them is told by :func:`check_dataset_cfg`.
    """
    places = [_missing_test(_build(leaf)) for leaf in leaves(dataset_cfg)]
    return places[0] if places and all(places) else None


def _missing_test(dataset: AnomalyDataset | None) -> str | None:
    if dataset is None or dataset.split != 'test':
        return None
    try:
        layout = dataset.layout()
    except UserError:
        return None
    present = layout.test or os.path.exists(layout.test_source)
    return layout.test_source if layout.train and not present else None


def _build(dataset_cfg: dict) -> AnomalyDataset | None:
    """The data set of a config without its pipeline, its files not yet listed; None for those of other packages."""
    kind = dataset_cfg.get('type')
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    if not (isinstance(kind, type) and issubclass(kind, AnomalyDataset)):
        return None
    options = {key: value for key, value in dataset_cfg.items() if key != 'type'}
    try:
        dataset = kind(**{**options, 'pipeline': [], 'lazy_init': True})
    except TypeError as error:
        raise UserError(f'the data set {kind.__name__} cannot be made of its config: {error}') from error
    dataset.reading = Reading.of_pipeline(dataset_cfg.get('pipeline') or ())
    return dataset


def _paths(dataset_cfg: dict) -> list[str]:
    """All images of a data set."""
    datasets = map(_build, leaves(dataset_cfg))
    return [item['img_path'] for dataset in datasets if dataset is not None for item in dataset.images()]


def _check_dataset(dataset: AnomalyDataset, items: Sequence[dict], resize: Sequence[Callable]) -> list[str]:
    probes = _check_images(items, dataset.reading)
    layout = dataset.layout()
    told = layout.test_told if dataset.split == 'test' else layout.train_told
    return [*([told] if told else []),
            *describe_images([item['img_path'] for item in items], probes, dataset.reading, 'masks'),
            *(_check_labels(items) if dataset.split == 'test' else ()),
            *(_check_good_masks(layout.good_masks) if dataset.split == 'test' else ()),
            *_check_masks(items, [probe.size for probe in probes], () if isinstance(dataset, TiledDataset) else resize),
            *_check_leaks(layout)]


def _check_same_category(datasets: Sequence[dict]) -> None:
    """One category twice, in whatever case, would be trained on or tested twice."""
    seen = set()
    for cfg in (cfg for cfg in datasets if 'category' in cfg):
        if not isinstance(cfg['category'], str):
            raise UserError(f"category of the data set of '{cfg.get('data_root')}' is {cfg['category']!r}: give its "
                            'name, as text')
        key = os.path.realpath(cfg.get('data_root', '')), cfg['category'].casefold(), cfg.get('split', 'train')
        if key in seen:
            raise UserError(f"the category {cfg['category']!r} of '{cfg.get('data_root')}' stands twice in one list of "
                            'data sets: name it once')
        seen.add(key)


def _resizing(pipeline: Sequence[dict | Callable]) -> list[Callable]:
    """What the pipeline does to masks; building these transforms checks their sizes."""
    steps = []
    for step in pipeline:
        kind = TRANSFORMS.get(step['type']) if isinstance(step, dict) and isinstance(step['type'], str) else None
        if kind in (ResizeInspection, CentreCrop):
            built = kind(**{key: value for key, value in step.items() if key != 'type'})
            steps.append(built.resize_mask if kind is ResizeInspection else built.crop)
    return steps


def _check_images(items: Sequence[dict], reading: Reading) -> list[ImageProbe]:
    """A look at all images as they are read; UserError for the first file that is missing, damaged or unusual."""
    probes: list[ImageProbe] = [probe_image(item['img_path'], reading.orientation, reading.max_value) for item in items]
    bad = [(item['img_path'], probe.problem) for item, probe in zip(items, probes, strict=True) if probe.problem]
    if bad:
        more = f' (and {len(bad) - 1} more such images)' if len(bad) > 1 else ''
        raise UserError(f"image '{bad[0][0]}' is {bad[0][1]}{more}: replace or remove it")
    return probes


def _check_labels(items: Sequence[dict]) -> list[str]:
    """What of the metrics cannot be measured for want of images or masks."""
    defective = [item for item in items if item['gt_label']]
    if not defective or len(defective) == len(items):
        what = 'good' if defective else 'defective'
        return [f'none of the {len(items)} test images is {what}, so that nothing tells how well defects are found: '
                'add some to the test']
    bare = [item for item in defective if item['mask_path'] is None]
    return [f"{len(bare)} of {len(defective)} defective images have no mask (first: {bare[0]['img_path']}), so that "
            'all pixel metrics are n/a: add masks, or remove them'] if bare else []


def _check_masks(items: Sequence[dict], sizes: Sequence[tuple[int, int]], resize: Sequence[Callable]) -> list[str]:
    """Each mask as large as its image, and with a defect in it, also at the size of the network's input."""
    empty, vanished, large, whole = [], [], [], []
    for item, (width, height) in zip(items, sizes, strict=True):
        if item['mask_path'] is None:
            continue
        mask = read_mask(item['mask_path'])
        check_mask_size(item['mask_path'], mask.shape, item['img_path'], (height, width))
        if not mask.any():
            empty.append(item['mask_path'])
            continue
        if mask.mean() > 0.5:
            (whole if mask.all() else large).append(item['mask_path'])
        for step in resize:
            mask = step(mask)
        if not mask.any():
            vanished.append(item['mask_path'])
    if len(whole) + len(large) > sum(item['mask_path'] is not None for item in items) / 2:
        whole += large
    return [*_counted(empty, 'masks of defective images are empty'),
            *_counted(whole, 'masks call most of their image a defect: are they inverted, or is the background not 0?'),
            *_counted(vanished, "masks are empty at the size of the network's input: their defects are too small or "
                      'outside the crop')]


def _check_good_masks(paths: Sequence[os.PathLike]) -> list[str]:
    """Masks of good images with a defect in them, of which nobody would hear; damaged ones say nothing."""
    marked = []
    for path in paths:
        try:
            if os.path.isfile(path) and read_mask(path).any():
                marked.append(str(path))
        except UserError:  # nothing else reads it either
            continue
    return _counted(marked, "masks of good images have a defect and are not read: move those images to a defect's "
                    'folder, with their masks, or empty the masks')


def _check_leaks(layout: Layout) -> list[str]:
    """The same file for training and as a defect is a mistake; for training and as a good test image, a flaw."""
    leaked = copies([item['img_path'] for item in layout.train], [item['img_path'] for item in layout.test])
    labels = {item['img_path']: item['defect_type'] for item in layout.test if item['gt_label']}
    for test, train in leaked.items():
        if test in labels:
            raise UserError(f"'{train}' is the defective image '{test}' ({labels[test]}), byte for byte, among the "
                            'good ones for training: remove one of the two')
    return _counted(list(leaked), 'good test images are also training images, byte for byte')


def _counted(paths: Sequence[str], what: str) -> list[str]:
    return [f'{len(paths)} {what} (first: {paths[0]})'] if paths else []

"""Check a data set before anything is built, so that a mistake costs a second and one sentence, not an epoch.

Order: annotation file, class names, boxes, image files. Images are checked by their structure only (see
:mod:`mminspect.vision.image_files`): 3300 of them take a few seconds.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from mmdet.datasets import BaseDetDataset, CocoDataset, XMLDataset
from mmdet.registry import DATASETS

from mminspect.core.errors import UserError
from mminspect.runtime import CHECKS
from mminspect.runtime.dataset_cfg import leaves

from .annotated import AnnotatedDataset, check_classes
from .coco_json import category_names, coco_records, load_coco
from .records import ImageRecord, check_any_object, check_boxes, check_images
from .voc import InspectionVOCDataset
from .voc_xml import ImageFinder, nearest_names, parse_voc, read_image_list, unknown_class_error

_OFFSET_HINT = ' (coordinate_offset=0 is for values that count from 0, 1 for values that count from 1)'


@CHECKS.register('data')
def check_dataset_cfg(dataset_cfg: dict) -> list[str]:
    """Check the files behind one ``dataset`` config; wrappers such as ``RepeatDataset`` are looked into.

    Args:
        dataset_cfg: as it stands in ``train_dataloader.dataset``; data sets like COCO and VOC and those derived from
            ``AnnotatedDataset`` are checked, others for detection give a warning; what belongs to other packages is
            left to their checks.

    Returns:
        warnings for the log: images without objects, tiny boxes, categories that are not used...

    Raises:
        UserError: what is wrong, where, and what to do.
    """
    found = leaves(dataset_cfg)
    _check_same_classes(found)
    return [text for leaf in found for text in _check_leaf(leaf)]


def _check_leaf(dataset_cfg: dict) -> list[str]:
    kind = dataset_cfg.get('type')
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    source = _join(dataset_cfg, dataset_cfg.get('ann_file') or '')
    if '://' in source:
        return [f"'{source}' is not a local file and was not checked"]
    if isinstance(kind, type) and issubclass(kind, AnnotatedDataset):
        return _check_annotated(dataset_cfg, kind)
    if isinstance(kind, type) and issubclass(kind, CocoDataset):
        return _check_coco(dataset_cfg, kind)
    if isinstance(kind, type) and issubclass(kind, XMLDataset):
        return _check_voc(dataset_cfg, kind)
    if not (isinstance(kind, type) and issubclass(kind, BaseDetDataset)):
        return []
    return [f"data set type {dataset_cfg.get('type')!r} is not checked: it is neither COCO-like nor VOC-like "
            'nor derived from AnnotatedDataset']


def _orientation(cfg: dict) -> bool:
    """Whether the pipeline applies the rotation of EXIF; mmcv's loader does, and ours unless told otherwise."""
    return all(step.get('orientation', True) for step in cfg.get('pipeline') or () if isinstance(step, dict))


def _check_same_classes(datasets: Sequence[dict]) -> None:
    """Label 0 of one part of a ``ConcatDataset`` must not be another class than label 0 of the next."""
    named = [(cfg.get('metainfo') or {}).get('classes') for cfg in datasets]
    named = [classes for classes in named if classes and not isinstance(classes, str)]
    for classes in named:
        if list(classes) != list(named[0]):
            raise UserError(f'data sets that are joined name different classes, {_shown(named[0])} and '
                            f'{_shown(classes)}, so that one label would mean two things: give all of them the same '
                            'metainfo in the same order')


def _join(cfg: dict, path: str) -> str:
    """``path`` below ``data_root`` unless it is absolute."""
    root = cfg.get('data_root') or ''
    return f'{root}{path}' if '://' in root else str(Path(root, path))


def _classes(cfg: dict, kind: type, source: str) -> tuple[str, ...]:
    """The class names the data set will use."""
    given = (cfg.get('metainfo') or {}).get('classes', kind.METAINFO.get('classes'))
    if isinstance(given, str) and Path(given).is_file():  # mmengine reads a text file of names here
        given = Path(given).read_text(encoding='utf-8').split('\n')
        given = [name for name in given if name]
    if isinstance(given, str):
        raise UserError(f"classes of metainfo for '{source}' is the text {given!r} instead of a tuple of names: "
                        f"for one class a comma is needed, metainfo=dict(classes=('{given}',))")
    if not given:
        raise UserError(f"the data set of '{source}' has no class names: add metainfo=dict(classes=('name',)) to it")
    repeated = [name for name, n in Counter(given).items() if n > 1]
    if repeated:
        raise UserError(f"classes of metainfo for '{source}' name {repeated[0]!r} more than once: name each class once")
    return tuple(given)


def _check_coco(cfg: dict, kind: type) -> list[str]:
    source = _join(cfg, cfg.get('ann_file') or '')
    if not cfg.get('ann_file'):
        raise UserError(f'the data set {kind.__name__} has no ann_file: name its COCO annotation file in the config')
    prefix = (cfg.get('data_prefix') or {}).get('img')
    if prefix is None:
        raise UserError(f"the data set of '{source}' does not say where its images are: add "
                        "data_prefix=dict(img='...') to it")
    folder = Path(_join(cfg, prefix))
    data = load_coco(source)
    records = coco_records(data, folder)
    check_any_object(records, source)
    classes = _classes(cfg, kind, source)
    warnings = _check_categories(classes, category_names(data), source, 'metainfo' in cfg)
    unused = Counter(box.category for record in records for box in record.boxes if box.category not in classes)
    warnings += [f"'{source}': {n} objects of category {name!r} are left out because metainfo does not list it"
                 for name, n in unused.items()]
    warnings += check_boxes(records, source)
    check_images(records, source, folder, _orientation(cfg))
    return warnings


def _check_categories(classes: Sequence[str], names: Sequence[str], source: str, given: bool) -> list[str]:
    """mmdet keeps the file's order of categories as labels and forgets names it does not find: allow neither."""
    both = f'metainfo has {_shown(classes)} and the file has {_shown(names)}'
    if not given and set(classes) - set(names):
        raise UserError(f"the data set of '{source}' has no metainfo, so mmdet's default classes would be used: add "
                        f'metainfo=dict(classes={tuple(names)}) to it')
    missing = [name for name in classes if name not in names]
    if missing:
        near = nearest_names(missing[0], names)
        hint = f"; nearest to {missing[0]!r}: {', '.join(map(repr, near))}" if near else ''
        raise UserError(f"class names do not match the categories of '{source}': {both}{hint}; write the names of the "
                        "file into metainfo=dict(classes=(...)) of every data set, with num_classes to match")
    order = [name for name in names if name in classes]
    if order != list(classes):
        raise UserError(f"class names stand in another order than the categories of '{source}', so detections would be "
                        f'called by wrong names: {both}; use classes={tuple(order)}')
    unused = [name for name in names if name not in classes]
    return [f"'{source}': categories {_shown(unused)} are not among the classes of metainfo"] if unused else []


def _shown(names: Sequence[str], limit: int = 12) -> str:
    rest = f' and {len(names) - limit} more' if len(names) > limit else ''
    return f'{tuple(names[:limit])}{rest}'


def _check_annotated(cfg: dict, kind: type[AnnotatedDataset]) -> list[str]:
    options = {key: value for key, value in cfg.items() if key != 'type'}
    try:
        dataset = kind(**dict(options, pipeline=[], lazy_init=True))
    except TypeError as error:
        raise UserError(f'the data set {kind.__name__} cannot be made of its config: {error}') from error
    orientation = _orientation(cfg)
    found = dataset.read_annotations(orientation)
    classes = _classes(cfg, kind, found.source)
    check_any_object(found.records, found.source)
    check_classes(found, classes)
    present = {box.category for record in found.records for box in record.boxes}
    warnings = [f"'{found.source}': {text}" for text in found.warnings]
    warnings += check_boxes(found.records, found.source)
    warnings += [f"'{found.source}': class {name!r} has no object" for name in classes if name not in present]
    check_images(found.records, found.source, found.folder, orientation)
    return warnings


def _check_voc(cfg: dict, kind: type) -> list[str]:
    source = _join(cfg, cfg.get('ann_file') or '')
    if not cfg.get('ann_file'):
        raise UserError(f"the data set {kind.__name__} has no ann_file: name its list of images in the config, for "
                        "example 'ImageSets/Main/train.txt'")
    stems = read_image_list(source)
    classes = _classes(cfg, kind, source)
    ours = issubclass(kind, InspectionVOCDataset)
    prefix = (cfg.get('data_prefix') or {}).get('sub_data_root', '' if ours else None)
    root = Path('' if prefix is None else _join(cfg, prefix))  # XMLDataset takes no data_root without the prefix
    folder = root / cfg.get('img_subdir', 'JPEGImages')
    records = _voc_records(stems, cfg, ours, root, folder)
    check_any_object(records, source)
    unknown = [(r, box) for r in records for box in r.boxes if box.category not in classes]
    if unknown:
        record, box = unknown[0]
        raise unknown_class_error(root / cfg.get('ann_subdir', 'Annotations') / f'{record.name}.xml', box.category,
                                  classes, len(unknown) - 1)
    warnings = check_boxes(records, source, _OFFSET_HINT if ours else '')
    present = {box.category for record in records for box in record.boxes}
    warnings += [f"'{source}': class {name!r} has no object" for name in classes if name not in present]
    check_images(records, source, folder, _orientation(cfg))
    return warnings


def _voc_records(stems: list[str], cfg: dict, ours: bool, root: Path, folder: Path) -> list[ImageRecord]:
    finder = ImageFinder(folder)
    records = []
    for stem in stems:
        voc = parse_voc(root / cfg.get('ann_subdir', 'Annotations') / f'{stem}.xml',
                        cfg.get('coordinate_offset', 1) if ours else 1)
        image = finder.find(stem, voc.filename) if ours else folder / f'{stem}.jpg'  # all that XMLDataset looks for
        records.append(ImageRecord(stem, image, voc.size, voc.boxes()))
    return records

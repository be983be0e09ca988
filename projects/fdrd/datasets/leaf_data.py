"""One data set of a config: what its files list, and the built data set that training will get."""
from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from mmdet.datasets import BaseDetDataset, CocoDataset, XMLDataset
from mmdet.datasets.api_wrappers import COCO
from mmdet.registry import DATASETS

from mminspect.core.errors import UserError
from mminspect.core.once import file_state, once
from mminspect.vision.reading import Reading

from .annotated import AnnotatedDataset, Annotations, check_classes
from .box_forms import corner_hint
from .class_names import check_categories, classes_of, unused_names
from .coco import CheckedCOCO, InspectionCocoDataset
from .coco_json import COCOFile, read_coco
from .coco_records import category_names, coco_records, file_warnings
from .given import GivenData, count_given
from .image_list import read_image_list
from .records import ImageRecord, check_any_object, count_classes, look
from .voc import InspectionVOCDataset
from .voc_xml import AnnotationFinder, ImageFinder, parse_voc, unknown_class_error

_OFFSET_HINT = ' (coordinate_offset=0 is for values that count from 0, 1 for values that count from 1)'


@dataclass(frozen=True)
class LeafData:
    """What the files of one data set list.

    Attributes:
        cfg: Its config.
        kind: Its class.
        source: The annotation file or list.
        folder: Where the images lie.
        records: All images and boxes.
        orientation: Whether images are turned as their EXIF data asks for.
        warnings: What is odd about the file.
        form: Words where the boxes look like another form than the format has.
        hint: What to try where boxes lie outside of their images.
        found: What the data set's own reader gave, if it has one.
        coco: The parsed COCO file, of such a data set, until :attr:`dataset` is built.
    """

    cfg: dict
    kind: type[BaseDetDataset]
    source: str
    folder: Path
    records: list[ImageRecord]
    orientation: bool
    warnings: list[str] = field(default_factory=list)
    form: str = ''
    hint: str = ''
    found: Annotations | None = None
    coco: list[dict] = field(default_factory=list, repr=False, compare=False)

    @cached_property
    def given(self) -> GivenData:
        """What :attr:`dataset` gives of all that."""
        return count_given(self.records, self.dataset, self.source)

    @cached_property
    def dataset(self) -> BaseDetDataset:
        """The data set without its pipeline, as it will be given to training; UserError if it cannot be built."""
        dataset = _lazy(self.cfg, self.kind)
        if self.found is not None:  # all is read once
            dataset.read_annotations = lambda orientation=True: replace(self.found, records=self.records)
        if self.coco and (dataset.COCOAPI is COCO or issubclass(dataset.COCOAPI, CheckedCOCO)):
            data = self.coco.pop()
            dataset.COCOAPI = lambda path: CheckedCOCO(content=data)
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # pycocotools tells how long it took
                dataset.full_init()
            vars(dataset).pop('COCOAPI', None)  # with the parsed file in it
        except UserError:
            raise
        except Exception as error:  # readers that are not ours raise what they come across
            ours = self.kind is XMLDataset
            remedy = 'use InspectionVOCDataset, which does' if ours else 'correct the file or the config'
            raise UserError(f"{self.kind.__name__} cannot read '{self.source}' ({type(error).__name__}: {error}): "
                            f'{remedy}') from error
        return dataset


def kind_of(dataset_cfg: dict) -> type | None:
    """The class of a data set for detection; None for those of other packages."""
    kind = dataset_cfg.get('type')
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    return kind if isinstance(kind, type) and issubclass(kind, BaseDetDataset) else None


def source_of(dataset_cfg: dict) -> str:
    """The annotation file or list of a data set."""
    return _join(dataset_cfg, dataset_cfg.get('ann_file') or '')


@once(lambda dataset_cfg: (kind_of(dataset_cfg) and file_state(source_of(dataset_cfg)), repr(dict(dataset_cfg))))
def read_leaf(dataset_cfg: dict) -> LeafData | None:
    """Read the annotations of one data set.

    Returns:
        None for a data set that no reader here knows, or whose file is not on this machine.

    Raises:
        UserError: A file is missing or damaged, or the names of classes do not fit it.
    """
    kind = kind_of(dataset_cfg)
    if kind is None or '://' in source_of(dataset_cfg):
        return None
    for base, read in ((AnnotatedDataset, _annotated), (CocoDataset, _coco), (XMLDataset, _voc)):
        if issubclass(kind, base):
            leaf = read(dataset_cfg, kind, source_of(dataset_cfg))
            return replace(leaf, records=[_with_size(record, leaf.orientation) for record in leaf.records])
    return None


def _with_size(record: ImageRecord, orientation: bool) -> ImageRecord:
    """The record with the size of its file, where the annotation does not say one: boxes are compared with it."""
    probe = None if record.size else record.probe or look(record, orientation)
    return record if probe is None or probe.problem else replace(record, size=probe.size, probe=probe)


def _lazy(cfg: dict, kind: type) -> BaseDetDataset:
    options = {key: value for key, value in cfg.items() if key != 'type'}
    try:
        return kind(**dict(options, pipeline=[], lazy_init=True, serialize_data=False))
    except TypeError as error:
        raise UserError(f'the data set {kind.__name__} cannot be made of its config: {error}') from error


def _orientation(cfg: dict) -> bool:
    """Whether the pipeline applies the rotation of EXIF; mmcv's loader does, and ours unless told otherwise."""
    return Reading.of_pipeline(cfg.get('pipeline') or ()).orientation


def _join(cfg: dict, path: str) -> str:
    """``path`` below ``data_root`` unless it is absolute."""
    root = str(cfg.get('data_root') or '')
    return f'{root}{path}' if '://' in root else str(Path(root, path))


def _coco(cfg: dict, kind: type, source: str) -> LeafData:
    if not cfg.get('ann_file'):
        raise UserError(f'the data set {kind.__name__} has no ann_file: name its COCO annotation file in the config')
    prefix = (cfg.get('data_prefix') or {}).get('img')
    if prefix is None:
        raise UserError(f"the data set of '{source}' does not say where its images are: add "
                        "data_prefix=dict(img='...') to it")
    file, checked = read_coco(source), issubclass(kind.COCOAPI, CheckedCOCO)
    if not checked and not file.plain:
        raise UserError(f"'{source}': {file.oddities()[0]}, which {kind.__name__} does not read: use "
                        f'{InspectionCocoDataset.__name__} in the config, which does, or correct the file')
    folder, data = Path(_join(cfg, prefix)), file.content
    if not data['annotations']:
        check_any_object(coco_records(data, folder), source)
    classes = classes_of(cfg, kind, source)
    warnings = check_categories(classes, category_names(data), source, 'metainfo' in cfg,
                                count_classes(coco_records(data, folder)))
    form = corner_hint(data)
    return LeafData(cfg, kind, source, folder, coco_records(data, folder, classes), _orientation(cfg),
                    [*warnings, *_oddities(file, source), *file_warnings(data, source, folder)], form,
                    f'; {form}' if form else '', coco=[data])


def _oddities(file: COCOFile, source: str) -> list[str]:
    if file.plain:
        return []
    taken = '; objects are taken for single ones, and their area as width*height of the box' if file.completed else ''
    return [f"'{source}': {'; '.join(file.oddities())}{taken}; mmdet's own CocoMetric does not read such a file, "
            'InspectionCocoMetric does']


def _annotated(cfg: dict, kind: type[AnnotatedDataset], source: str) -> LeafData:
    orientation = _orientation(cfg)
    found = _lazy(cfg, kind).read_annotations(orientation)
    classes = classes_of(cfg, kind, found.source)
    check_any_object(found.records, found.source)
    check_classes(found, classes)
    return LeafData(cfg, kind, found.source, found.folder, found.records, orientation,
                    [*(f"'{found.source}': {text}" for text in found.warnings),
                     *unused_names(classes, found.classes, found.source)], found=found)


def _voc(cfg: dict, kind: type, source: str) -> LeafData:
    if not cfg.get('ann_file'):
        raise UserError(f"the data set {kind.__name__} has no ann_file: name its list of images in the config, for "
                        "example 'ImageSets/Main/train.txt'")
    ours = issubclass(kind, InspectionVOCDataset)
    prefix = (cfg.get('data_prefix') or {}).get('sub_data_root', '' if ours else None)
    root = Path('' if prefix is None else _join(cfg, prefix))  # XMLDataset takes no data_root without the prefix
    annotations = AnnotationFinder(root / cfg.get('ann_subdir', 'Annotations'))
    folder = root / cfg.get('img_subdir', 'JPEGImages')
    listed = read_image_list(source, annotations)
    classes = classes_of(cfg, kind, source)
    records = _voc_records(listed.stems, cfg, ours, annotations, folder)
    check_any_object(records, source)
    unknown = next(((record, box) for record in records for box in record.boxes if box.category not in classes), None)
    if unknown:
        record, box = unknown
        raise unknown_class_error(f"'{annotations.path(record.name)}' has an object", box.category, classes,
                                  count_classes(records))
    return LeafData(cfg, kind, source, folder, records, _orientation(cfg),
                    [f"'{source}': {text}" for text in listed.warnings], hint=_OFFSET_HINT if ours else '')


def _voc_records(stems: Sequence[str], cfg: dict, ours: bool, annotations: AnnotationFinder,
                 folder: Path) -> list[ImageRecord]:
    finder = ImageFinder(folder)
    records = []
    for stem in stems:
        voc = parse_voc(annotations.path(stem), cfg.get('coordinate_offset', 1) if ours else 1)
        image = finder.find(stem, voc.filename) if ours else folder / f'{stem}.jpg'  # all that XMLDataset looks for
        records.append(ImageRecord(stem, image, voc.size, voc.boxes()))
    return records

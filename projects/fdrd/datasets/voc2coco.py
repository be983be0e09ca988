"""Pascal VOC to COCO: the same boxes, checked, in a seeded and documented split.

``iscrowd`` is 0, but 1 for objects marked ``difficult``: mmdet ignores both in training and does not count either as
missed, so VOC and COCO give the same APs. ``area`` is width*height and ids count from 1.
"""
from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mminspect.core.errors import UserError
from mminspect.vision.folders import OTHERS, Listing, told
from mminspect.vision.image_files import probe_image
from mminspect.vision.images import IMAGE_EXTENSIONS

from .image_list import read_image_list
from .records import ImageRecord, check_any_object, check_boxes, check_images
from .voc_xml import AnnotationFinder, ImageFinder, VOCFile, parse_voc, unknown_class_error

#: Lists in ImageSets/Main that are converted when no split is asked for.
SPLITS = ('train', 'val', 'test')
#: Why an image is in none of them.
UNUSED = 'without an annotation or in no list'


@dataclass(frozen=True)
class VOCLayout:
    """Where a VOC data set keeps its files; ``offset`` as in :func:`fdrd.datasets.voc_xml.parse_voc`."""

    root: Path
    images: str = 'JPEGImages'
    annotations: str = 'Annotations'
    offset: int = 1

    def annotation_finder(self) -> AnnotationFinder:
        """Finds the XML files."""
        return AnnotationFinder(self.root / self.annotations)

    def image_finder(self) -> ImageFinder:
        """Finds the images."""
        return ImageFinder(self.root / self.images)


def convert(layout: VOCLayout, out: str | Path, split: Sequence[float] | None = None, seed: int = 0,
            classes: Sequence[str] | None = None) -> list[str]:
    """Write ``instances_<split>.json`` and ``<split>.txt`` (image names) for every split into ``out``.

    All files are read and checked before the first is written. Running it again with the same arguments changes
    nothing; files of another content are not overwritten.

    Args:
        layout: the VOC data set.
        out: folder to write to, made if need be.
        split: fraction of the images for train, the rest is val; a second number is val's, the rest is then test.
            None: use the lists in ImageSets/Main.
        seed: of the split.
        classes: category names in the order of their ids; None: all names found, sorted.

    Returns:
        one line for each split that says what was written, and warnings that count what is in none, by reason.

    Raises:
        UserError: anything wrong with the data, see :mod:`fdrd.datasets.records`.
    """
    stems = split_stems(layout, split, seed)
    annotations, finder = layout.annotation_finder(), layout.image_finder()
    loaded = {name: [parse_voc(annotations.path(stem), layout.offset) for stem in members]
              for name, members in stems.items()}
    used = {obj.name for files in loaded.values() for voc in files for obj in voc.objects}
    names = list(classes) if classes else sorted(used)
    texts, lines = {}, []
    for name, files in loaded.items():
        records = _checked_records(layout, name, stems[name], files, names, finder)
        data = _coco(files, records, names, finder.folder)
        texts[f'instances_{name}.json'] = json.dumps(data)
        texts[f'{name}.txt'] = ''.join(f'{stem}\n' for stem in stems[name])
        crowd = sum(a['iscrowd'] for a in data['annotations'])
        lines.append(f"{name}: {len(files)} images, {len(data['annotations'])} boxes ({crowd} difficult), "
                     f"classes {', '.join(names)}")
    _write_all(Path(out), texts)
    listed = [] if split is None else _left_out_files(layout)
    return [*lines, *listed, *_left_out_images(layout, stems, loaded), *_shared(stems)]


def split_stems(layout: VOCLayout, split: Sequence[float] | None, seed: int) -> dict[str, list[str]]:
    """Names of the images of each split; disjoint, and the same for the same files and seed."""
    if split is None:
        lists = {name: layout.root / 'ImageSets' / 'Main' / f'{name}.txt' for name in SPLITS}
        found = {name: read_image_list(path, layout.annotation_finder()).stems
                 for name, path in lists.items() if path.is_file()}
        if not found:
            raise UserError(f"'{layout.root}' has no ImageSets/Main/train.txt, val.txt or test.txt: give --split 0.8 "
                            'to split the images at random')
        return found
    folder = layout.root / layout.annotations
    stems = layout.annotation_finder().stems()
    if not stems:
        raise UserError(f"there are no .xml files in '{folder}': give the folder that holds {layout.annotations} and "
                        f'{layout.images}')
    if any(not 0 < part < 1 for part in split) or sum(split) > 1 + 1e-9:
        raise UserError(f'--split {" ".join(map(str, split))} is not possible: give fractions between 0 and 1 whose '
                        'sum is at most 1, for example 0.8')
    random.Random(seed).shuffle(stems)
    ends = [round(sum(split[:n + 1]) * len(stems)) for n in range(len(split))]
    parts = [stems[a:b] for a, b in zip([0, *ends], [*ends, len(stems)], strict=True)]
    chosen = {name: sorted(part) for name, part in zip(SPLITS, parts, strict=False) if part}
    if len(chosen) < len(split) + (sum(split) < 1 - 1e-9):
        raise UserError(f"{len(stems)} images in '{folder}' are too few for --split {' '.join(map(str, split))}: a "
                        'part would be empty')
    return chosen


def _left_out_files(layout: VOCLayout) -> list[str]:
    """A line that counts the annotations that were taken and those that were not, if there are such."""
    finder = layout.annotation_finder()
    found = finder.listing()
    return _counted(layout, found, len(found.images), finder.folder, 'annotation', IMAGE_EXTENSIONS)


def _left_out_images(layout: VOCLayout, stems: dict[str, list[str]], loaded: dict[str, list[VOCFile]]) -> list[str]:
    """Likewise of the images that are in a split."""
    finder = layout.image_finder()
    used = {finder.find(stem, voc.filename) for name, members in stems.items()
            for stem, voc in zip(members, loaded[name], strict=True)}
    found = finder.listing()
    left = {UNUSED: found.images, **found.left}
    kept = Listing(left={reason: [path for path in paths if path not in used] for reason, paths in left.items()})
    return _counted(layout, kept, len(used), finder.folder, 'image', ('.xml', ))


def _counted(layout: VOCLayout, found: Listing, taken: int, folder: Path, what: str,
             beside: Sequence[str]) -> list[str]:
    """A warning with the counts; files of the other kind may lie in the same folder."""
    if layout.images == layout.annotations:
        found.left[OTHERS] = [path for path in found.left.get(OTHERS, ()) if path.suffix.lower() not in beside]
    line = told(taken, found.left, what)
    return [f"warning: in '{folder}' {line}"] if line else []


def _shared(stems: dict[str, list[str]]) -> list[str]:
    """A line for images in two splits."""
    count = Counter(stem for members in stems.values() for stem in members)
    shared = [stem for stem, splits in count.items() if splits > 1]
    return [f"warning: {len(shared)} images are in more than one split (first: {', '.join(shared[:3])}): what is "
            'trained on must not be tested on'] if shared else []


def _checked_records(layout: VOCLayout, split: str, stems: Sequence[str], files: Sequence[VOCFile],
                     names: Sequence[str], finder: ImageFinder) -> list[ImageRecord]:
    """The images of one split with sizes and boxes, once every check has passed."""
    unknown = next(((voc, obj) for voc in files for obj in voc.objects if obj.name not in names), None)
    if unknown:
        voc, obj = unknown
        raise unknown_class_error(f"'{voc.path}' has an object", obj.name, names,
                                  Counter(obj.name for one in files for obj in one.objects))
    source = f'{layout.root} ({split})'
    records = [ImageRecord(stem, finder.find(stem, voc.filename), voc.size, voc.boxes())
               for stem, voc in zip(stems, files, strict=True)]
    check_images(records, source, layout.root / layout.images)
    records = [r if r.size else replace(r, size=probe_image(r.path).size) for r in records]
    check_any_object(records, source)
    check_boxes(records, source, f' (--offset {1 - layout.offset} is for values that count from {1 - layout.offset})')
    return records


def _coco(files: Sequence[VOCFile], records: Sequence[ImageRecord], names: Sequence[str], folder: Path) -> dict:
    """One COCO file; ``file_name`` is relative to ``folder``."""
    images, annotations = [], []
    for image_id, (voc, record) in enumerate(zip(files, records, strict=True), 1):
        width, height = record.size
        file_name = record.path.relative_to(folder).as_posix()
        images.append(dict(id=image_id, file_name=file_name, width=width, height=height))
        for obj, box in zip(voc.objects, record.boxes, strict=True):
            annotations.append(dict(id=len(annotations) + 1, image_id=image_id, category_id=names.index(obj.name) + 1,
                                    bbox=list(box.xywh), area=box.xywh[2] * box.xywh[3], iscrowd=int(obj.difficult)))
    categories = [dict(id=n, name=name) for n, name in enumerate(names, 1)]
    return dict(images=images, annotations=annotations, categories=categories)


def _write_all(out: Path, texts: dict[str, str]) -> None:
    """Write all files or none: under temporary names first, renamed at the end."""
    try:
        content = {name: text.encode('utf-8') for name, text in texts.items()}
    except UnicodeEncodeError as error:
        raise UserError(f'an image has a name that is no text ({error.object[max(0, error.start - 20):error.end]!r}): '
                        'rename it') from error
    try:
        differing = [name for name, data in content.items() if (out / name).exists()
                     and ((out / name).is_dir() or (out / name).read_bytes() != data)]
        if differing:
            raise UserError(f"'{out / differing[0]}' exists with other content: give another --out or remove it first")
        out.mkdir(parents=True, exist_ok=True)
        _replace_all({out / name: data for name, data in content.items()})
    except OSError as error:
        raise UserError(f"--out '{out}' cannot be written ({error.strerror}): give another folder") from error


def _replace_all(content: dict[Path, bytes]) -> None:
    temporary = {path.with_name(f'.{path.name}.tmp'): path for path in content}
    try:
        for path, final in temporary.items():
            path.write_bytes(content[final])
        for path, final in temporary.items():
            os.replace(path, final)
    finally:
        for path in temporary:
            path.unlink(missing_ok=True)

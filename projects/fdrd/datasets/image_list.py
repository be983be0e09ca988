"""Lists of images as Pascal VOC has them in ImageSets/Main, and what programs make of them."""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mminspect.core.errors import UserError
from mminspect.core.text_files import read_lines
from mminspect.vision.images import IMAGE_EXTENSIONS

from .voc_xml import AnnotationFinder

#: The second column of the list of one class: it is in the image, is not, or is difficult to see.
_LABEL = re.compile(r'(.*\S)\s+(?:-1|0|1)')
#: A path to an image or its annotation, and the part of it that names it.
_BELOW = re.compile(r'(?:.*/)?(?:JPEGImages|Annotations)/(.+)', re.IGNORECASE)


@dataclass(frozen=True)
class ImageList:
    """Names of images without suffix, each once, and what is odd about the list, with counts."""

    stems: list[str]
    warnings: list[str]


def read_image_list(path: str | Path, annotations: AnnotationFinder | None = None) -> ImageList:
    """The images of an ``ImageSets/Main/*.txt`` file; empty lines are left out, hidden files with a warning.

    Where the annotations are given, a line is what there is an annotation for: the line itself, or without the label
    column of a class list, the suffix, or the folders down to JPEGImages or Annotations; backslashes are slashes.

    Raises:
        UserError: the file does not exist, is no text or holds no name, or a line has no annotation.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"list of images '{path}' does not exist: correct ann_file or data_root in the config")
    lines = [(number, line.strip()) for number, line in enumerate(read_lines(path, 'list of images', True), 1)]
    hidden = [line for _, line in lines if _is_hidden(line)]
    lines = [(number, line) for number, line in lines if line and not _is_hidden(line)]
    if not lines:
        raise UserError(f"list of images '{path}' is empty: it needs one image name without suffix on each line")
    found = [_resolved(line, annotations) for _, line in lines]
    _refuse_missing(path, lines, found, annotations)
    stems = [stem for stem, _ in found]
    seen: set[str] = set()
    repeated = [stem for stem in stems if stem in seen or seen.add(stem)]
    return ImageList(list(dict.fromkeys(stems)), _warnings(sum(labelled for _, labelled in found), repeated, hidden))


def _is_hidden(line: str) -> bool:
    """Whether a line names a hidden file, as systems leave them beside images; a folder, '.' or '..', is none."""
    name = line.replace('\\', '/').rpartition('/')[2]
    return name.startswith('.') and bool(name.strip('.'))


def _resolved(line: str, annotations: AnnotationFinder | None) -> tuple[str | None, bool]:
    """The image that a line means, None where there is no annotation, and whether its last column is a label."""
    if annotations is None:
        return line, False
    label = _LABEL.fullmatch(line)
    for text, labelled in ((line, False), *([(label[1], True)] if label else [])):
        name = next((name for name in _candidates(text) if annotations.find(name)), None)
        if name is not None:
            return name, labelled
    return None, False


def _candidates(text: str) -> Iterator[str]:
    """What a line may mean, the most literal first."""
    for name in dict.fromkeys((text, text.replace('\\', '/'))):
        below = _BELOW.fullmatch(name)
        for place in (name.removeprefix('./'), *([below[1]] if below else [])):
            yield place
            if place.lower().endswith((*IMAGE_EXTENSIONS, '.xml')):
                yield place[:place.rindex('.')]


def _refuse_missing(path: Path, lines: list[tuple[int, str]], found: list[tuple[str | None, bool]],
                    annotations: AnnotationFinder | None) -> None:
    missing = [line for line, (stem, _) in zip(lines, found, strict=True) if stem is None]
    if missing:
        number, line = missing[0]
        more = f' ({len(missing) - 1} more such lines)' if len(missing) > 1 else ''
        raise UserError(f"annotation file '{annotations.folder / line[:200]}.xml' does not exist: add it, or take "
                        f"{line[:200]!r} out of line {number} of '{path}'{more}")


def _warnings(labelled: int, repeated: list[str], hidden: list[str]) -> list[str]:
    found = []
    if labelled:
        found.append(f'it is the list of one class ({labelled} lines end with 1, 0 or -1), of which all images are '
                     'used, whatever the label')
    if repeated:
        found.append(f'{len(repeated)} lines name an image that an earlier one names, and are left out '
                     f"(first: {', '.join(list(dict.fromkeys(repeated))[:3])})")
    if hidden:
        found.append(f"{len(hidden)} lines name hidden files and are left out (first: {', '.join(hidden[:3])})")
    return found

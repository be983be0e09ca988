"""The class names of a data set against those of its file."""
from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence

from mmengine.fileio import list_from_file

from mminspect.core.errors import UserError
from mminspect.core.text_files import encoding_of, read_bytes, read_text

from .voc_xml import class_counts, nearest_names


def check_same_classes(datasets: Sequence[dict]) -> None:
    """Label 0 of one part of a ``ConcatDataset`` must not be another class than label 0 of the next."""
    named = [(cfg.get('metainfo') or {}).get('classes') for cfg in datasets]
    named = [classes for classes in named if classes and not isinstance(classes, str)]
    for classes in named:
        if list(classes) != list(named[0]):
            raise UserError(f'data sets that are joined name different classes, {_shown(named[0])} and '
                            f'{_shown(classes)}, so that one label would mean two things: give all of them the same '
                            'metainfo in the same order')


def classes_of(cfg: dict, kind: type, source: str) -> tuple[str, ...]:
    """The class names that a data set will use.

    Args:
        cfg: Of the data set.
        kind: Its class.
        source: Its annotation file, for messages.

    Raises:
        UserError: There are none, one stands twice, or a file of names is not as mmengine reads it.
    """
    given = (cfg.get('metainfo') or {}).get('classes', kind.METAINFO.get('classes'))
    if isinstance(given, str) and os.path.isfile(given):  # mmengine reads a text file of names here
        given = names_in_file(given)
    if isinstance(given, str):
        raise UserError(f"classes of metainfo for '{source}' is the text {given!r} instead of a tuple of names: "
                        f"for one class a comma is needed, metainfo=dict(classes=('{given}',))")
    if not given:
        raise UserError(f"the data set of '{source}' has no class names: add metainfo=dict(classes=('name',)) to it")
    repeated = [name for name, n in Counter(given).items() if n > 1]
    if repeated:
        raise UserError(f"classes of metainfo for '{source}' name {repeated[0]!r} more than once: name each class once")
    return tuple(given)


def names_in_file(path: str) -> list[str]:
    """The names in a file as mmengine reads them: UTF-8, every line a name, spaces and a byte-order mark included.

    Raises:
        UserError: It is in another encoding, or a line is no name.
    """
    read_text(path, 'list of classes')
    encoding = encoding_of(read_bytes(path), f"list of classes '{path}'")
    if encoding != 'utf-8':
        written = 'UTF-8 with a byte-order mark' if encoding == 'utf-8-sig' else encoding
        raise UserError(f"list of classes '{path}' is in {written}, which mmengine does not read: save it as UTF-8 "
                        'without a mark')
    names = list_from_file(path)
    for number, name in enumerate(names, 1):
        if not name.strip() or name != name.strip():
            raise UserError(f"line {number} of the list of classes '{path}' is {name!r}: write one name on each line, "
                            'without spaces around it')
    return names


def check_categories(classes: Sequence[str], names: Sequence[str], source: str, given: bool,
                     counts: Mapping[str, int] | None = None) -> list[str]:
    """Compare class names with the categories of a COCO file.

    mmdet keeps the file's order of categories as labels and forgets names that it does not find: neither is allowed.

    Args:
        classes: Of the data set.
        names: Of the file, in its order.
        source: The file, for messages.
        given: Whether the config names the classes, beside mmdet's default.
        counts: Number of the file's objects by category, for messages.

    Returns:
        Warnings.

    Raises:
        UserError: A name is not in the file, or they stand in another order.
    """
    objects = '' if counts is None else f' ({class_counts(counts)})'
    both = f'metainfo has {_shown(classes)} and the file has {_shown(names)}{objects}'
    if not given and set(classes) - set(names):
        raise UserError(f"the data set of '{source}' has no metainfo, so mmdet's default classes would be used: add "
                        f'metainfo=dict(classes={tuple(names)}) to it{objects}')
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
    return unused_names(classes, names, source)


def unused_names(classes: Sequence[str], names: Sequence[str], source: str) -> list[str]:
    """A warning for names that a file declares and a data set's classes lack; none where it declares none."""
    unused = [name for name in names if name not in classes]
    return [f"'{source}': categories {_shown(unused)} are not among the classes of metainfo"] if unused else []


def _shown(names: Sequence[str], limit: int = 12) -> str:
    rest = f' and {len(names) - limit} more' if len(names) > limit else ''
    return f'{tuple(names[:limit])}{rest}'

"""Where good and defective images lie: one function per layout, files only, nothing is opened."""
from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from mminspect.core.errors import UserError
from mminspect.core.text_files import read_text
from mminspect.vision.folders import (
    GOODS,
    MASKS,
    Listing,
    is_mask_folder,
    list_folders,
    list_tree,
    refuse_folders_of_defects,
)
from mminspect.vision.images import IMAGE_EXTENSIONS

from .listing import pair_masks

GOOD = 'good'
#: VisA's table of the split, below the folder of its categories.
SPLIT_CSV = 'split_csv/1cls.csv'
#: A file among the good images that is called 'defect_012' is hardly one.
_SUSPICIOUS = ('abnormal', 'anomalous', 'anomaly', 'bad', 'broken', 'defect', 'defective', 'ng')
#: Why an image is left out that lies beside the folders that are looked into.
_BESIDE = 'beside the folders of good and defective images'
_IN_TEST = 'in test/, since the good ones are not in train/good/'

#: What the base configs of the data sets read from the environment.
VARIABLES = ('MMINSPECT_DATA', 'MMINSPECT_DATASET', 'MMINSPECT_CATEGORY')


class Layout(NamedTuple):
    """Items for training (all good) and for the test, and the places they were looked for.

    An item is a dict with ``img_path``, ``gt_label`` (0 normal, 1 anomalous), ``defect_type`` ('good' or a defect's
    name) and ``mask_path`` (None where there is none). ``train_told`` and ``test_told`` say in a line what was left out
    of their places, None where nothing was; ``train_left`` and ``test_left`` are these files by reason. ``good_masks``
    are masks of good test images, which nothing reads.
    """

    train: list[dict]
    test: list[dict]
    train_source: str
    test_source: str
    train_told: str | None = None
    test_told: str | None = None
    train_left: Mapping[str, Sequence[Path]] = MappingProxyType({})
    test_left: Mapping[str, Sequence[Path]] = MappingProxyType({})
    good_masks: Sequence[Path] = ()


def make_item(path: Path, defect_type: str = GOOD, mask: Path | None = None) -> dict:
    """One entry of a :class:`Layout`."""
    return dict(img_path=str(path), gt_label=int(defect_type != GOOD), defect_type=defect_type,
                mask_path=None if mask is None else str(mask))


def folder_layout(root: Path, mask_suffix: str | None = None, extensions: Sequence[str] = IMAGE_EXTENSIONS) -> Layout:
    """``train/good``, ``test/good``, ``test/<defect>`` and, optionally, ``ground_truth/<defect>``: that of MVTec AD.

    Folders in these are looked into as well. Masks are paired by their place and stem
    (:func:`~anomaly_rd.datasets.listing.pair_masks`); ``ground_truth/good`` is ignored.

    Raises:
        UserError: ``root`` is missing, something else than good images lies under train/, 'good' is called
            otherwise ('Good', 'OK'), or masks do not fit.
    """
    require_folder(root)
    check_spelling([path for part in ('train', 'test', 'ground_truth') for path in list_folders(root / part)])
    others = [path for path in list_folders(root / 'train') if path.name != GOOD]
    if others:
        raise UserError(f"'{others[0]}' lies under train/, where only 'good' belongs, because training takes "
                        'all of it for normal: move its images to test/')
    defects = _folders_of_defects(root)
    train = _good_images(root / 'train' / GOOD, extensions, [path.name for path in defects])
    masks = root / 'ground_truth'
    strangers = [path for path in list_folders(masks) if path.name not in {GOOD, *(d.name for d in defects)}]
    if strangers:
        raise UserError(f"'{strangers[0]}' has no images '{root / 'test' / strangers[0].name}' beside it: both folders "
                        'must have the same name')
    found = list_tree(root / 'test' / GOOD, extensions)
    test = [make_item(path) for path in found.images]
    for folder in defects:
        listing = list_tree(folder, extensions)
        pairs = pair_masks(listing.images, masks / folder.name, mask_suffix, extensions, folder)
        test += [make_item(path, folder.name, mask) for path, mask in zip(listing.images, pairs, strict=True)]
        found.add(listing)
    _leave_beside(root / 'train', train, extensions)
    _leave_beside(root / 'test', found, extensions)
    return Layout([make_item(path) for path in train.images], test, str(root / 'train' / GOOD), str(root / 'test'),
                  train.told('good image'), found.told('test image'), train.left, found.left,
                  list_tree(masks / GOOD, extensions, masks=True).images)


def _folders_of_defects(root: Path) -> list[Path]:
    """Those in test/, without folders of masks."""
    folders = [path for path in list_folders(root / 'test') if path.name != GOOD]
    names = {path.name.casefold() for path in folders}
    return [path for path in folders if not is_mask_folder(path.name, names)]


def _good_images(folder: Path, extensions: Sequence[str], defects: Sequence[str] = ()) -> Listing:
    """Images of good parts; UserError if a folder or a file among them is called after a defect."""
    found = list_tree(folder, extensions)
    refuse_folders_of_defects(folder, found.images, defects, said_good=True)
    check_names(found.images, defects)
    return found


def _leave_beside(folder: Path, found: Listing, extensions: Sequence[str]) -> None:
    """Note what lies in train/ or test/ itself, and in folders of masks in it."""
    taken = {path.name for path in list_folders(folder)}
    names = {name.casefold() for name in taken}
    for name in sorted(name for name in taken if is_mask_folder(name, names) and name != GOOD):
        for path in list_tree(folder / name, extensions, masks=True).images:
            found.leave(MASKS, path)
    for path in list_tree(folder, extensions, deep=False).images:
        found.leave(_BESIDE, path)


def plain_layout(root: Path, extensions: Sequence[str] = IMAGE_EXTENSIONS) -> Layout:
    """Good images in the folder and in those below it (but ``test``), and nothing for the test.

    Raises:
        UserError: An image or a folder is named as a defective one.
    """
    found = list_tree(root, extensions, without=[(root / 'test').absolute()])
    for path in list_tree(root / 'test', extensions).images:
        found.leave(_IN_TEST, path)
    refuse_folders_of_defects(root, found.images)
    check_names(found.images, ())
    told = '; '.join(filter(None, (found.told('good image'), told_of_folders(root, found.images))))
    return Layout([make_item(path) for path in found.images], [], str(root), str(root / 'test'), told or None,
                  train_left=found.left)


def flat_layout(root: Path, mask_suffix: str | None = None, extensions: Sequence[str] = IMAGE_EXTENSIONS) -> Layout:
    """``normal``, ``abnormal`` and, optionally, ``mask``, without a split: all normal images are in ``train``.

    Raises:
        UserError: ``root`` is missing, a normal image is named as a defective one, or masks do not fit.
    """
    require_folder(root)
    normal, abnormal = _good_images(root / 'normal', extensions), list_tree(root / 'abnormal', extensions)
    pairs = pair_masks(abnormal.images, root / 'mask', mask_suffix, extensions, root / 'abnormal')
    test = [make_item(path, 'abnormal', mask) for path, mask in zip(abnormal.images, pairs, strict=True)]
    return Layout([make_item(path) for path in normal.images], test, str(root / 'normal'), str(root / 'abnormal'),
                  normal.told('normal image'), abnormal.told('abnormal image'), normal.left, abnormal.left)


def visa_layout(root: Path, category: str, split_csv: str = SPLIT_CSV) -> Layout:
    """One category of VisA: a table with the columns object, split, label, image and mask names the files.

    Raises:
        UserError: The table is missing or of another kind, does not know the category, or names a defective image for
            training.
    """
    path, rows = root / split_csv, visa_rows(root, split_csv)
    if category not in (known := sorted({row['object'] for row in rows})):
        raise UserError(f"'{path}' has no category {category!r}: it has {', '.join(known)}")
    train, test, good_masks = [], [], []
    for row in (row for row in rows if row['object'] == category):
        defect = GOOD if row['label'] == 'normal' else 'anomaly'
        if row['split'] == 'train' and defect != GOOD:
            raise UserError(f"'{path}' lists the defective image {row['image']} for training: move it to the test")
        mask = root / row['mask'] if row['mask'] and defect != GOOD else None
        (train if row['split'] == 'train' else test).append(make_item(root / row['image'], defect, mask))
        good_masks += [root / row['mask']] if row['mask'] and defect == GOOD and row['split'] == 'test' else []
    return Layout(*(sorted(items, key=lambda item: item['img_path']) for items in (train, test)), str(path), str(path),
                  good_masks=good_masks)


#: Columns of VisA's table, and what they may say.
_COLUMNS = dict(object=(), split=('train', 'test'), label=('normal', 'anomaly'), image=(), mask=())


def visa_rows(root: Path, split_csv: str = SPLIT_CSV) -> list[dict[str, str]]:
    """Rows of VisA's table, whatever spreadsheet has saved it; raises as :func:`visa_layout`."""
    path = root / split_csv
    if not path.is_file():
        raise UserError(f"the table '{path}' of VisA cannot be read: data_root must be the folder that holds the "
                        'categories and split_csv/')
    text = read_text(path, 'table of VisA')
    first = text.split('\n', 1)[0]
    reader = csv.DictReader(io.StringIO(text, newline=''), delimiter=max(',;\t', key=first.count), restval='',
                            strict=True)
    try:
        if not {*_COLUMNS} <= {*(reader.fieldnames or ())}:
            raise UserError(f"'{path}' has no columns object, split, label, image, mask: take the table that comes "
                            'with VisA')
        rows = [_visa_row(row, path, reader.line_num) for row in reader]
    except csv.Error as error:
        raise UserError(f"table of VisA '{path}', line {reader.line_num}, is damaged ({error}): take the table that "
                        'comes with VisA') from error
    if not rows:
        raise UserError(f"table of VisA '{path}' has no rows: take the table that comes with VisA")
    return rows


def _visa_row(row: dict[str, str], path: Path, line: int) -> dict[str, str]:
    row = {name: (row[name] or '').strip() for name in _COLUMNS}
    for name, values in _COLUMNS.items():
        if values and row[name] not in values:
            raise UserError(f"table of VisA '{path}', line {line}: {name} is {row[name][:40]!r}, and only "
                            f'{" and ".join(values)} are known: correct it')
    for name in ('object', 'image'):
        if not row[name] or '\0' in row[name]:
            raise UserError(f"table of VisA '{path}', line {line}: there is no {name}: correct it")
    return row


def _variables() -> str:
    """Which variables of the environment that the configs read have no value."""
    unset = [name for name in VARIABLES if not os.environ.get(name)]
    return f'; the configs of the data sets also read {", ".join(unset)} from the environment' if unset else ''


def require_folder(root: Path) -> None:
    """Raise UserError, with the neighbours' names, if ``root`` is no folder."""
    if not root.is_dir():
        near = [path.name for path in list_folders(root.parent)]
        hint = f"'{root.parent}' has {', '.join(near[:12])}" if near else 'check data_root'
        raise UserError(f"the data folder '{root}' does not exist: {hint}{_variables()}")


def check_spelling(folders: Sequence[Path]) -> None:
    """Raise UserError for 'Good', 'OK' or '合格', which would be the name of a defect."""
    for path in folders:
        if path.name.strip().casefold() in GOODS and path.name != GOOD:
            raise UserError(f"'{path}' would be taken for a defect called {path.name!r}: rename the folder to {GOOD!r}")


def told_of_folders(root: Path, images: Sequence[Path]) -> str | None:
    """How many images lie in sub-folders, which are taken for good ones too; None where there are none."""
    folders = dict.fromkeys(path.relative_to(root).parts[0] for path in images if path.parent != root)
    nested = sum(path.parent != root for path in images)
    shown = ', '.join(list(folders)[:3]) + (', ...' if len(folders) > 3 else '')
    return f'{nested} of {len(images)} images lie in sub-folders ({shown}) and are taken for good ones' if nested \
        else None


def check_names(good: Sequence[Path], defects: Sequence[str]) -> None:
    """Raise UserError if an image among the good ones is called after a defect, as in 'scratch_003.png'.

    Defects that are called by a number are left out: so are images.
    """
    named = {*(name for name in defects if any(letter.isalpha() for letter in name)), *_SUSPICIOUS}
    words = '|'.join(re.escape(word) for word in sorted(named, key=len, reverse=True))
    for path in good:
        if match := re.fullmatch(rf'({words})[-_ .()]*\d*\)?', path.stem, re.IGNORECASE):
            raise UserError(f"'{path}' among the good images for training bears the name of a defect "
                            f"({match.group(1)!r}): move it to the test images, or rename it if it is good")

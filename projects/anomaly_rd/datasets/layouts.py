"""Where good and defective images lie: one function per layout, files only, nothing is opened."""
from __future__ import annotations

import csv
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mminspect.core.errors import UserError
from mminspect.vision.images import IMAGE_EXTENSIONS

from .listing import list_folders, list_images, pair_masks

GOOD = 'good'
#: VisA's table of the split, below the folder of its categories.
SPLIT_CSV = 'split_csv/1cls.csv'
#: A file among the good images that is called 'defect_012' is hardly one.
_SUSPICIOUS = ('abnormal', 'anomalous', 'anomaly', 'bad', 'broken', 'defect', 'defective', 'ng')

#: What the base configs of the data sets read from the environment.
VARIABLES = ('MMINSPECT_DATA', 'MMINSPECT_DATASET', 'MMINSPECT_CATEGORY')


class Layout(NamedTuple):
    """Items for training (all good) and for the test, and the places they were looked for.

    An item is a dict with ``img_path``, ``gt_label`` (0 normal, 1 anomalous), ``defect_type`` ('good' or a defect's
    name) and ``mask_path`` (None where there is none).
    """

    train: list[dict]
    test: list[dict]
    train_source: str
    test_source: str


def make_item(path: Path, defect_type: str = GOOD, mask: Path | None = None) -> dict:
    """One entry of a :class:`Layout`."""
    return dict(img_path=str(path), gt_label=int(defect_type != GOOD), defect_type=defect_type,
                mask_path=None if mask is None else str(mask))


def folder_layout(root: Path, mask_suffix: str | None = None, extensions: Sequence[str] = IMAGE_EXTENSIONS) -> Layout:
    """``train/good``, ``test/good``, ``test/<defect>`` and, optionally, ``ground_truth/<defect>``: that of MVTec AD.

    Masks are paired by stem (:func:`~anomaly_rd.datasets.listing.pair_masks`); ``ground_truth/good`` is ignored.

    Raises:
        UserError: ``root`` is missing, something else than good images lies under train/, 'good' is spelled with
            capitals, or masks do not fit.
    """
    require_folder(root)
    check_spelling([path for part in ('train', 'test', 'ground_truth') for path in list_folders(root / part)])
    others = [path for path in list_folders(root / 'train') if path.name != GOOD]
    if others:
        raise UserError(f"'{others[0]}' lies under train/, where only 'good' belongs, because training takes "
                        'all of it for normal: move its images to test/')
    train = list_images(root / 'train' / GOOD, extensions)
    defects = [path for path in list_folders(root / 'test') if path.name != GOOD]
    check_names(train, [path.name for path in defects])
    masks = root / 'ground_truth'
    strangers = [path for path in list_folders(masks) if path.name not in {GOOD, *(d.name for d in defects)}]
    if strangers:
        raise UserError(f"'{strangers[0]}' has no images '{root / 'test' / strangers[0].name}' beside it: both folders "
                        'must have the same name')
    test = [make_item(path) for path in list_images(root / 'test' / GOOD, extensions)]
    for folder in defects:
        images = list_images(folder, extensions)
        pairs = pair_masks(images, masks / folder.name, mask_suffix, extensions)
        test += [make_item(path, folder.name, mask) for path, mask in zip(images, pairs, strict=True)]
    return Layout([make_item(path) for path in train], test, str(root / 'train' / GOOD), str(root / 'test'))


def plain_layout(root: Path, extensions: Sequence[str] = IMAGE_EXTENSIONS) -> Layout:
    """Good images directly in the folder, and nothing for the test.

    Raises:
        UserError: An image is named as a defective one.
    """
    images = list_images(root, extensions)
    check_names(images, ())
    return Layout([make_item(path) for path in images], [], str(root), str(root / 'test'))


def flat_layout(root: Path, mask_suffix: str | None = None, extensions: Sequence[str] = IMAGE_EXTENSIONS) -> Layout:
    """``normal``, ``abnormal`` and, optionally, ``mask``, without a split: all normal images are in ``train``.

    Raises:
        UserError: ``root`` is missing, a normal image is named as a defective one, or masks do not fit.
    """
    require_folder(root)
    normal, abnormal = list_images(root / 'normal', extensions), list_images(root / 'abnormal', extensions)
    check_names(normal, ())
    pairs = pair_masks(abnormal, root / 'mask', mask_suffix, extensions)
    test = [make_item(path, 'abnormal', mask) for path, mask in zip(abnormal, pairs, strict=True)]
    return Layout([make_item(path) for path in normal], test, str(root / 'normal'), str(root / 'abnormal'))


def visa_layout(root: Path, category: str, split_csv: str = SPLIT_CSV) -> Layout:
    """One category of VisA: a table with the columns object, split, label, image and mask names the files.

    Raises:
        UserError: The table is missing or of another kind, does not know the category, or names a defective image for
            training.
    """
    path, rows = root / split_csv, visa_rows(root, split_csv)
    if category not in (known := sorted({row['object'] for row in rows})):
        raise UserError(f"'{path}' has no category {category!r}: it has {', '.join(known)}")
    train, test = [], []
    for row in (row for row in rows if row['object'] == category):
        defect = GOOD if row['label'] == 'normal' else 'anomaly'
        if row['split'] == 'train' and defect != GOOD:
            raise UserError(f"'{path}' lists the defective image {row['image']} for training: move it to the test")
        mask = root / row['mask'] if row['mask'] and defect != GOOD else None
        (train if row['split'] == 'train' else test).append(make_item(root / row['image'], defect, mask))
    return Layout(*(sorted(items, key=lambda item: item['img_path']) for items in (train, test)), str(path), str(path))


def visa_rows(root: Path, split_csv: str = SPLIT_CSV) -> list[dict[str, str]]:
    """Rows of VisA's table; raises as :func:`visa_layout`."""
    path = root / split_csv
    try:
        with open(path, newline='', encoding='utf-8-sig') as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"the table '{path}' of VisA cannot be read: data_root must be the folder that holds the "
                        'categories and split_csv/') from error
    if not rows or not {'object', 'split', 'label', 'image', 'mask'} <= {*rows[0]}:
        raise UserError(f"'{path}' has no columns object, split, label, image, mask: take the table that comes "
                        "with VisA")
    return rows


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
    """Raise UserError for 'Good' or 'GOOD', which would be the name of a defect."""
    for path in folders:
        if path.name.casefold() == GOOD != path.name:
            raise UserError(f"'{path}' would be taken for a defect called {path.name!r}: rename the folder to {GOOD!r}")


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

"""Folders that are said to hold good parts alone: what a threshold and ranges of values are fitted on."""
from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from mminspect.core.errors import UserError
from mminspect.vision.folders import DEFECTS, GOODS, MASK_NAMES

#: Names of folders, in small letters, whose parts are not good. 'test' is none here: it may hold good ones.
NOT_GOOD = (DEFECTS - {'test'}) | {*MASK_NAMES}


def folders_without_good(names: Iterable[str], folder: str | Path) -> str | None:
    """A line that names several folders among those of the images of which none is called good, or None.

    They may be cameras or days as well as kinds of defects, which only the user knows.

    Args:
        names: Of the images, with the folders below ``folder``, with '/'.
        folder: Which the user has named.
    """
    parents = [PurePosixPath(name).parent for name in names]
    folders = sorted({str(parent) for parent in parents if parent.name})
    if len(folders) < 2 or any(part.lower() in GOODS for parent in parents for part in parent.parts):
        return None
    return (f"'{folder}' has {len(folders)} folders of images, none of which is called good ({', '.join(folders[:3])}"
            f"{', ...' if len(folders) > 3 else ''}): all {len(parents)} images are taken for good parts")


def check_good_parts(names: Iterable[str], folder: str | Path) -> None:
    """Make sure that no folder among those of the images is one of defects, as in the test part of a data set.

    It is one of :data:`NOT_GOOD`, or any other beside one of :data:`~mminspect.vision.folders.GOODS`.

    Args:
        names: Of the images, with the folders below ``folder``, with '/'.
        folder: Which the user has named.

    Raises:
        UserError: There is one.
    """
    folders = {parent for name in names for parent in PurePosixPath(name).parents if parent.name}
    beside = {parent.parent for parent in folders if parent.name.lower() in GOODS}
    wrong = sorted(str(parent) for parent in folders if parent.name.lower() in NOT_GOOD
                   or (parent.parent in beside and parent.name.lower() not in GOODS))
    if wrong:
        good = sorted(str(parent) for parent in folders if parent.name.lower() in GOODS)
        remedy = f"name '{Path(folder, good[0])}'" if good else 'name a folder without them'
        raise UserError(f"'{folder}' holds images in {', '.join(wrong[:3])}{', ...' if len(wrong) > 3 else ''}, which "
                        f'seem to be of defects, and good parts alone are wanted: {remedy}')

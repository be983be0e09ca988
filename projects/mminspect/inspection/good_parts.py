"""Folders that are said to hold good parts alone: what a threshold and ranges of values are fitted on."""
from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from mminspect.core.errors import UserError

#: Names of folders, in small letters, of good parts, and of what is none.
GOOD = frozenset({'good', 'normal', 'ok', 'pass', 'io', '良品', '正常', '合格'})
NOT_GOOD = frozenset({'bad', 'ng', 'nok', 'nio', 'defect', 'defects', 'defective', 'anomaly', 'anomalies', 'anomalous',
                      'abnormal', 'broken', 'faulty', 'reject', 'rejects', 'rejected', 'ground_truth', 'mask', 'masks',
                      '不良', '不良品', '缺陷', '异常', '次品', '不合格'})


def check_good_parts(names: Iterable[str], folder: str | Path) -> None:
    """Make sure that no folder among those of the images is one of defects, as in the test part of a data set.

    It is one of :data:`NOT_GOOD`, or any other beside one of :data:`GOOD`.

    Args:
        names: Of the images, with the folders below ``folder``, with '/'.
        folder: Which the user has named.

    Raises:
        UserError: There is one.
    """
    folders = {parent for name in names for parent in PurePosixPath(name).parents if parent.name}
    beside = {parent.parent for parent in folders if parent.name.lower() in GOOD}
    wrong = sorted(str(parent) for parent in folders if parent.name.lower() in NOT_GOOD
                   or (parent.parent in beside and parent.name.lower() not in GOOD))
    if wrong:
        good = sorted(str(parent) for parent in folders if parent.name.lower() in GOOD)
        remedy = f"name '{Path(folder, good[0])}'" if good else 'name a folder without them'
        raise UserError(f"'{folder}' holds images in {', '.join(wrong[:3])}{', ...' if len(wrong) > 3 else ''}, which "
                        f'seem to be of defects, and good parts alone are wanted: {remedy}')

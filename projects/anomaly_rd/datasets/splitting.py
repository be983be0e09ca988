"""Division of images into two parts that share no scan."""
from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from mminspect.core.errors import UserError


def scan_of(path: str | Path, pattern: str) -> str:
    """The scan an image was cut from: what ``pattern`` finds in '<folder>/<stem>' (its first group, if it has one).

    Raises:
        UserError: Nothing is found, or the pattern is none.
    """
    path = Path(path)
    try:
        match = re.search(pattern, f'{path.parent.name}/{path.stem}')
    except re.error as error:
        raise UserError(f'scan_pattern {pattern!r} is no regular expression ({error}): correct it') from error
    if match is None:
        raise UserError(f"scan_pattern {pattern!r} finds nothing in '{path.parent.name}/{path.stem}': correct "
                        'it')
    return match.group(1) if match.groups() else match.group(0)


def choose_groups(groups: Iterable[str], fraction: float, seed: int) -> frozenset[str]:
    """A seeded share of the different names in ``groups``: at least one and never all.

    Raises:
        UserError: ``fraction`` is not between 0 and 1, or there are fewer than two different names.
    """
    if not 0 < fraction < 1:
        raise UserError(f'a share of {fraction} of the images cannot be set aside: give a number between 0 and 1')
    names = sorted(set(groups))
    if len(names) < 2:
        raise UserError(f'{len(names)} image or scan cannot be divided into two parts: at least two are needed, as '
                        'tiles of one scan stay together')
    count = min(max(1, round(fraction * len(names))), len(names) - 1)
    return frozenset(names[i] for i in np.random.default_rng(seed).permutation(len(names))[:count])


def divide(items: Sequence[dict], fraction: float, seed: int) -> tuple[list[dict], list[dict]]:
    """``items`` as (rest, chosen share), both in their old order; items of one ``scan_id`` are never separated."""
    groups = [item.get('scan_id', item['img_path']) for item in items]
    chosen = choose_groups(groups, fraction, seed)
    parts: tuple[list[dict], list[dict]] = ([], [])
    for item, group in zip(items, groups, strict=True):
        parts[group in chosen].append(item)
    return parts

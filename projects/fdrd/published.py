"""The numbers the paper prints in its Tables 1 to 6, digit by digit.

Source: Liu et al., "Foreign object detection in pharmaceutical visible-light images using feature difference
enhancement and residual distillation network". They come without seeds or deviations. Misprints are kept as printed,
but for two: Table 3's "params/10^3" must read 10^6, and Table 2's "CDAM" CBAM.
"""
from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from mminspect.core.errors import UserError

#: Percent.
METRICS = ('AP50', 'AP', 'APsmall', 'AR', 'ARsmall')
#: 10^9 multiply-adds at 1280x800, 10^6 trainable parameters, images per second on an RTX 4070 Ti at batch size 1.
COST = ('FLOPs', 'params', 'FPS')

_WITHOUT_AP = ('AP50', 'APsmall', 'AR', 'ARsmall')

#: What each table is about.
TITLES = {
    'table1': 'noise combinations, distilled student with all else off, medicine set',
    'table2': 'distillation methods, student R18, medicine set',
    'table3': 'detectors, medicine set',
    'table4': 'ablation of the distilled student, medicine set',
    'table5': 'distillation methods, student R18, Tianchi set',
    'table6': 'detectors, Tianchi set',
}
COLUMNS = {
    'table1': _WITHOUT_AP,
    'table2': METRICS,
    'table3': METRICS + COST,
    'table4': _WITHOUT_AP,
    'table5': METRICS,
    'table6': METRICS,
}
#: Values by table and row, in the order of ``COLUMNS``.
TABLES: dict[str, dict[str, tuple[float, ...]]] = {
    'table1': {
        'none': (52.2, 18.2, 26.7, 26.1),
        'gaussian + salt-and-pepper': (52.1, 17.9, 26.9, 26.2),
        'uniform + gaussian': (52.2, 18.0, 27.1, 26.5),
        'uniform + salt-and-pepper': (52.3, 18.4, 27.5, 26.8),
        'all three': (51.6, 17.5, 26.3, 25.8),
    },
    'table2': {
        'no distillation': (43.3, 16.1, 15.2, 23.5, 22.8),
        'pkd': (45.0, 15.8, 14.8, 23.1, 22.4),
        'ld': (42.4, 15.5, 14.4, 23.8, 23.1),
        'ckd': (52.2, 19.2, 18.2, 26.7, 26.1),
        'ours + simam': (50.9, 18.3, 17.2, 25.9, 25.2),
        'ours + cbam': (53.2, 20.0, 19.1, 27.3, 26.6),
        'ours + se': (53.6, 20.2, 19.6, 27.8, 27.2),
    },
    'table3': {
        'faster r-cnn': (28.5, 6.8, 6.5, 18.1, 17.9, 193.8, 41.1, 43),
        'acma': (54.3, 18.8, 17.9, 28.9, 28.4, 197.9, 32.6, 41),
        'atss': (44.4, 15.6, 7.1, 24.0, 23.4, 201.4, 31.9, 47),
        'yolof': (33.6, 9.2, 8.9, 16.9, 16.5, 98.2, 42.1, 43),
        'vfnet': (30.2, 13.2, 8.3, 15.7, 14.8, 190.0, 32.5, 27),
        'tood': (54.0, 21.4, 20.5, 28.6, 27.9, 149.2, 32.0, 39),
        'gfl': (51.0, 19.8, 18.9, 27.4, 26.7, 204.5, 32.0, 48),
        'sqr': (52.0, 20.4, 20.3, 28.4, 28.1, 102.9, 134.6, 13),
        'our teacher': (57.4, 22.9, 22.1, 29.9, 29.3, 212.1, 46.4, 19),
        'our student': (53.6, 20.2, 19.6, 27.8, 27.2, 154.9, 19.1, 65),
    },
    'table4': {
        'none': (52.2, 18.2, 26.7, 26.1),
        'semantic upsampling': (52.9, 19.0, 27.4, 27.1),
        'attention': (52.7, 18.9, 26.8, 26.1),
        'random noise': (52.3, 18.4, 27.5, 26.8),
        'semantic upsampling + attention': (53.4, 19.3, 27.5, 27.1),
        'random noise + attention': (52.9, 18.9, 27.2, 26.7),
        'random noise + semantic upsampling': (53.1, 19.1, 27.7, 27.0),
        'all': (53.6, 19.6, 27.8, 27.2),
    },
    'table5': {
        'no distillation': (75.4, 40.7, 31.6, 51.6, 46.3),
        'pkd': (77.6, 39.8, 30.1, 52.1, 48.3),
        'ld': (75.1, 40.5, 32.1, 51.2, 46.3),
        'ckd': (78.2, 43.4, 34.4, 54.2, 49.3),
        'ours': (80.9, 44.6, 36.4, 55.9, 52.1),
    },
    'table6': {
        'faster r-cnn': (38.2, 19.7, 5.2, 23.8, 5.1),
        'acma': (77.0, 44.4, 34.7, 56.1, 53.0),
        'atss': (68.1, 37.0, 26.7, 47.7, 40.2),
        'vfnet': (78.7, 41.9, 34.4, 50.5, 43.4),
        'tood': (80.2, 46.6, 36.9, 59.4, 57.1),
        'gfl': (77.9, 45.0, 33.2, 58.6, 56.5),
        'sqr': (79.4, 45.9, 35.4, 52.6, 47.1),
        'our teacher': (84.2, 47.9, 38.5, 59.9, 57.6),
        'our student': (80.9, 44.6, 36.4, 55.9, 52.1),
    },
}
#: Detectors without a public implementation in mmdet: numbers only.
NUMBERS_ONLY = ('acma', 'sqr')


def normalise(reference: str) -> str:
    """``'Table3:ATSS'`` and ``'table2/CKD (CrossKD)'`` as the keys ``'table3/atss'`` and ``'table2/ckd'``."""
    return ' '.join(re.sub(r'\(.*?\)', '', reference.lower()).replace(':', '/', 1).split())


def references_of(entry: str | Sequence[str] | None) -> tuple[str, ...]:
    """What a config names as ``published``: the keys of the rows that it reproduces.

    One training can stand in several tables, and so under several rows.

    Args:
        entry: One row, several, or None where the paper has none.

    Raises:
        UserError: It is something else.
    """
    if entry is None:
        return ()
    names = [entry] if isinstance(entry, str) else entry
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise UserError(f'published = {entry!r} names no rows: give one as table3/atss, several in a list, or None')
    return tuple(dict.fromkeys(map(normalise, names)))


def published(reference: str) -> dict[str, float]:
    """Values of one row by column; columns the table does not have are absent.

    Args:
        reference: ``'<table>/<row>'`` or ``'<table>:<row>'`` in any case, e.g. ``'table3/atss'``.

    Raises:
        UserError: There is no such row; names the nearest ones.
    """
    table, _, row = normalise(reference).partition('/')
    if row not in TABLES.get(table, {}):
        known = [f'{name}/{key}' for name, rows in TABLES.items() for key in rows]
        near = difflib.get_close_matches(normalise(reference), known, n=3, cutoff=0.4) or known[:1]
        raise UserError(f'no published row {reference!r}: rows are named <table>/<row>, such as {", ".join(near)}')
    return dict(zip(COLUMNS[table], TABLES[table][row], strict=True))

"""The figures of a survey as rows of words, the same on the terminal and on the page."""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from statistics import median

from mminspect.vision.folders import OTHERS

from .comparing import NUMBERS, UNITS
from .measures import Measures
from .objects import ObjectSize
from .statistics import figure
from .surveying import SplitSurvey, Survey
from .turning import turning

#: Header and rows, all of one length.
Table = tuple[list[str], list[list[str]]]
#: What rows say of a split whose images cannot be listed; the others say nothing.
COUNTED = dict.fromkeys(('images found', 'left out', 'used', 'labels or boxes'), 'not counted')
#: Values of one kind that are named; the others are counted.
_NAMED = 4


def images_table(found: Survey) -> Table:
    """A column for each split: how many images, of what kind."""
    rows: dict[str, Callable[[SplitSurvey], str]] = {
        'images found': lambda one: str(len(one.split.items) + sum(
            count for reason, count in one.split.left_out().items() if reason != OTHERS)),
        'left out': lambda one: _reasons(one.split.left_out()),
        'used': lambda one: str(len(one.split.items)),
        'of them unreadable': lambda one: str(sum(item.path not in one.measures for item in one.split.items)),
        'objects left out': lambda one: _reasons(one.split.left_out(True)),
        'labels or boxes': lambda one: _named(Counter(one.split.counts()), 8),
        'images without object or defect': lambda one: str(len(one.group(False))),
        'pixels': lambda one: _sizes(one.measures.values()),
        'bits and colour': lambda one: _common(f'{image.bits} bit {image.colour}' for image in one.measures.values()),
        'format': lambda one: _common(f'{image.kind} ({image.suffix})' for image in one.measures.values()),
        'turned by EXIF': turning,
    }
    rows |= {f'{name}{UNITS.get(name, "")}, median':
             lambda one, number=number: _median(map(number, one.measures.values()))
             for name, number in NUMBERS.items() if name != 'image size'}
    return ['', *(one.name for one in found.splits)], [
        [name, *(value(one) if one.split.problem is None else COUNTED.get(name, '') for one in found.splits)]
        for name, value in rows.items()]


def objects_table(found: Survey) -> Table | None:
    """A row for each split and class; None where nothing was measured."""
    rows = [_object_row(one, name, found.limit) for one in found.splits
            for name in sorted({thing.box.category for thing in one.objects})]
    header = ['split: class', 'objects', 'side in the image, px: smallest, median, largest', 'at the network, median',
              f'below {found.limit:g} px there', 'vanish']
    return (header, rows) if rows else None


def cues_table(found: Survey) -> Table | None:
    """A row for each number; None where no split has good and defective images."""
    rows = [[f'{name}: {cue.name}', f'{cue.auroc:.2f}', f'{cue.strength:.2f}', f'{cue.good}, {cue.defective}',
             ('yes' if cue.certain else 'yes, or chance') if cue.telling else 'no']
            for name, cues in found.cues.items() for cue in cues]
    header = ['number of an image alone', 'AUROC', 'max(a, 1 - a)', 'good, defective images', 'gives defects away']
    return (header, rows) if rows else None


def shifts_table(found: Survey) -> Table | None:
    """A row for each number and pair of splits; None where there is one split."""
    rows = [[f'{shift.name}: {shift.first}, {shift.second}', ' and '.join(map(figure, shift.medians)),
             f'{shift.ks:.2f}', f'{shift.auroc:.2f}'] for shift in found.shifts]
    return (['number: splits', 'medians', 'KS', 'AUROC'], rows) if rows else None


def verdict(found: Survey) -> str:
    """How many findings there are."""
    counts = Counter(finding.level for finding in found.findings)
    parts = [f'{counts[level]} {level}{"s" if counts[level] > 1 else ""}' for level in ('error', 'warning')
             if counts[level]]
    return ' and '.join(parts) or 'nothing odd was found'


def _object_row(one: SplitSurvey, name: str, limit: float) -> list[str]:
    things: list[ObjectSize] = [thing for thing in one.objects if thing.box.category == name]
    before = [thing.before for thing in things]
    small, gone = sum(thing.after < limit for thing in things), sum(not thing.after for thing in things)
    return [f'{one.name}: {name}', str(len(things)), f'{min(before):.0f}, {median(before):.0f}, {max(before):.0f}',
            f'{median(thing.after for thing in things):.0f}', _share(small, len(things)), str(gone)]


def _share(count: int, total: int) -> str:
    percent = 100 * count / total
    return f'{count}' + (f' ({percent:.0f} %)' if percent >= 1 else ' (below 1 %)' if count else '')


def _reasons(left_out: dict[str, int]) -> str:
    return ', '.join(f'{count} {reason}' for reason, count in left_out.items()) or 'none'


def _common(values: Iterable[str]) -> str:
    counts = Counter(values)
    return next(iter(counts), '') if len(counts) == 1 else _named(counts, _NAMED)


def _named(counts: Counter[str], most: int) -> str:
    named = ', '.join(f'{name} {count}' for name, count in counts.most_common(most))
    return named + (f' and {len(counts) - most} more' if len(counts) > most else '')


def _sizes(images: Iterable[Measures]) -> str:
    sizes = Counter((image.width, image.height) for image in images)
    if len(sizes) < 3:
        return ', '.join(f'{width}x{height}' for width, height in sizes)
    (w0, h0), (w1, h1) = (choose(sizes, key=lambda size: (size[0] * size[1], size)) for choose in (min, max))
    return f'{w0}x{h0} to {w1}x{h1} ({len(sizes)} sizes)'


def _median(values: Iterable[float]) -> str:
    return figure(median(values)) if (values := list(values)) else ''

"""What a training says of its data before it starts: counts from annotations, sizes from headers, nothing decoded."""
from __future__ import annotations

import os
import time
from dataclasses import dataclass

from mmengine.config import Config
from mmengine.logging import print_log

from mminspect.core.errors import UserError
from mminspect.vision.folders import MASKS, NO_FILES, OTHERS
from mminspect.vision.images import image_shape

from .splits import LATE, Split, list_splits

#: Seconds that a training may be held up.
SECONDS = 5.0
#: What the launchers call the number of a process.
RANKS = ('RANK', 'SLURM_PROCID', 'OMPI_COMM_WORLD_RANK', 'LOCAL_RANK')
#: Classes that are named in a line.
_NAMED = 12


def is_first_process(launcher: str = 'none') -> bool:
    """Whether this is the process of a training that speaks for all; before they are connected."""
    if launcher == 'none':
        return True
    return next((os.environ[name] for name in RANKS if name in os.environ), '0') == '0'


@dataclass(frozen=True)
class Clock:
    """A time that is up at some point, in seconds of :func:`time.monotonic`."""

    end: float

    @property
    def up(self) -> bool:
        """Whether nothing more should be begun."""
        return time.monotonic() > self.end


def announce(cfg: Config, seconds: float = SECONDS) -> None:
    """Log what :func:`describe` says."""
    for line in describe(cfg, seconds):
        print_log(line, logger='current')


def describe(cfg: Config, seconds: float = SECONDS) -> list[str]:
    """A line for each split; what could not be counted in time says so.

    Args:
        cfg: Whose data has been checked.
        seconds: After which no further file is opened.
    """
    clock = Clock(time.monotonic() + seconds)
    splits = [split for split in list_splits(cfg, lambda: clock.up) if split.problem in (None, LATE)]
    return [f'{split.name}: {split.problem or _contents(split)}{_sizes(split, clock)}{_left_out(split)}'
            for split in splits]


def _contents(split: Split) -> str:
    items, counts = split.items, split.counts()
    named = ', '.join(f'{name} {count}' for name, count in list(counts.items())[:_NAMED])
    more = f' and {len(counts) - _NAMED} more' if len(counts) > _NAMED else ''
    if any(item.label is not None for item in items):
        return f'{len(items)} images ({named}{more})'
    empty = sum(not item.boxes for item in items)
    return f'{len(items)} images ({empty} without objects), {sum(counts.values())} boxes ({named}{more})'


def _sizes(split: Split, clock: Clock) -> str:
    sizes, total = set(), 0
    for item, listing in split.pairs:
        if item.size is None and clock.up:
            continue
        try:
            sizes.add(item.size or image_shape(item.path, listing.reading.orientation)[::-1])
            total += 1
        except UserError:
            continue
    if not sizes:
        return '; sizes not read, to start in time' if split.items else ''
    smallest, largest = (choose(sizes, key=lambda size: (size[0] * size[1], size)) for choose in (min, max))
    text = f'; {largest[0]}x{largest[1]}' if smallest == largest else (
        f'; {smallest[0]}x{smallest[1]} to {largest[0]}x{largest[1]}')
    rest = len(split.items) - total
    return f'{text} pixels' + (f' (of {total} images; {rest} were not opened, to start in time)' if rest else '')


def _left_out(split: Split) -> str:
    parts = [f'{count} {_noun(reason, what, count)}{reason}' for objects, what in ((False, 'image'), (True, 'object'))
             for reason, count in split.left_out(objects).items()]
    return f'; left out: {", ".join(parts)}' if parts else ''


def _noun(reason: str, what: str, count: int) -> str:
    """What was left out, with a space behind it; nothing where the reason says so itself."""
    if reason in (MASKS, NO_FILES):
        return ''
    return f"{'file' if reason == OTHERS else what}{'' if count == 1 else 's'} "

"""What tells good images from defective ones without looking at a defect, and one split from another."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from .measures import Measures
from .statistics import auroc, category_separation, is_certain, kolmogorov_smirnov, separation

#: An AUROC above this is told: whoever learns nothing but this number is nearly perfect.
TELLING = 0.9
NUMBERS: dict[str, Callable[[Measures], float]] = {
    'mean grey': lambda one: one.mean, 'contrast': lambda one: one.contrast, 'sharpness': lambda one: one.sharpness,
    'file size': lambda one: one.file_bytes, 'image size': lambda one: one.width * one.height}
#: What is not a number of grey values.
UNITS = {'file size': ' in bytes', 'image size': ' in pixels'}
CATEGORIES: dict[str, Callable[[Measures], object]] = {
    'suffix of the file': lambda one: one.suffix, 'file format': lambda one: one.kind,
    'colour and depth': lambda one: (one.colour, one.bits)}
#: Of which a shift between splits is told; file names and sizes differ for many harmless reasons.
SHIFTING = ('mean grey', 'contrast', 'sharpness')


@dataclass(frozen=True)
class Cue:
    """How well one number of an image tells defective from good.

    Attributes:
        name: Of the number.
        auroc: The chance that a defective image has more of it than a good one, 0..1; of a category (suffix, format)
            that of its most telling value, 0.5..1.
        good: Number of good images.
        defective: Number of defective ones.
        certain: Whether so few images could not show this by chance.
    """

    name: str
    auroc: float
    good: int
    defective: int
    certain: bool

    @property
    def strength(self) -> float:
        """max(AUROC, 1 - AUROC): 0.5 says nothing, 1 everything."""
        return separation(self.auroc)

    @property
    def telling(self) -> bool:
        """Whether it is worth a warning."""
        return self.strength > TELLING


@dataclass(frozen=True)
class Shift:
    """How a number differs between two splits, of good images where there are some.

    Attributes:
        name: Of the number.
        first: Name of the one split.
        second: Of the other.
        medians: Of both.
        ks: Largest difference of their cumulative distributions (Kolmogorov and Smirnov), 0..1.
        auroc: The chance that an image of the second has more of it than one of the first.
        certain: Whether so few images could not show this by chance.
    """

    name: str
    first: str
    second: str
    medians: tuple[float, float]
    ks: float
    auroc: float
    certain: bool

    @property
    def telling(self) -> bool:
        """Whether it is worth a warning."""
        return self.certain and separation(self.auroc) > TELLING


def cues_of(good: Sequence[Measures], defective: Sequence[Measures]) -> list[Cue]:
    """Every number and category; both groups have at least one image."""
    sizes = len(good), len(defective)
    areas = {name: auroc([number(one) for one in good], [number(one) for one in defective])
             for name, number in NUMBERS.items()}
    areas |= {name: category_separation([kind(one) for one in good], [kind(one) for one in defective])
              for name, kind in CATEGORIES.items()}
    return [Cue(name, area, *sizes, is_certain(area, *sizes)) for name, area in areas.items()]


def shifts_of(splits: dict[str, Sequence[Measures]]) -> list[Shift]:
    """Every number of every split against that of the first one."""
    (first, ours), *others = [(name, images) for name, images in splits.items() if images] or [('', [])]
    return [_shift(name, first, ours, second, theirs) for second, theirs in others for name in NUMBERS]


def _shift(name: str, first: str, ours: Sequence[Measures], second: str, theirs: Sequence[Measures]) -> Shift:
    one, other = ([NUMBERS[name](image) for image in group] for group in (ours, theirs))
    area = auroc(one, other)
    return Shift(name, first, second, (median(one), median(other)), kolmogorov_smirnov(one, other), area,
                 is_certain(area, len(one), len(other)))


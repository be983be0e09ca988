"""The splits of a config, each with the images that it gives."""
from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from mmengine.config import Config

from mminspect.core.errors import UserError
from mminspect.runtime import CHECKS, dataloaders, kept_back, missing_place
from mminspect.runtime.data_sections import PARTS

from .findings import ERROR, Finding
from .items import Item, Listing

#: Images that the training keeps back for its threshold.
HOLDOUT = 'hold-out'
#: Of a split that there was no time for.
LATE = 'its images were not counted, to start in time'


@dataclass
class Split:
    """The images of one dataloader, or of several that give the same ones.

    Attributes:
        name: 'train', 'val', 'test', 'val = test', the name of a hook's dataloader, or :data:`HOLDOUT`.
        listings: One for each data set in it.
        problem: Why there are none, or None.
    """

    name: str
    listings: list[Listing] = field(default_factory=list)
    problem: str | None = None

    @property
    def pairs(self) -> Iterator[tuple[Item, Listing]]:
        """All images, each with its data set."""
        return ((item, listing) for listing in self.listings for item in listing.items)

    @property
    def items(self) -> list[Item]:
        """All images."""
        return [item for item, _ in self.pairs]

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the labels of objects."""
        return tuple(dict.fromkeys(name for listing in self.listings for name in listing.classes))

    def left_out(self, objects: bool = False) -> dict[str, int]:
        """Reason -> number of images, or of objects, that are left out."""
        total: Counter[str] = Counter()
        for listing in self.listings:
            total.update(listing.objects_left_out if objects else listing.left_out)
        return dict(total)

    def counts(self) -> dict[str, int]:
        """Name of a class or defect -> number of objects, or of images where images have labels."""
        total = Counter({name: 0 for name in self.classes})
        for item in self.items:
            total.update([item.label] if item.label is not None else [box.category for box in item.boxes])
        return dict(total)


def list_splits(cfg: Config, late: Callable[[], bool] = lambda: False) -> list[Split]:
    """The splits of all dataloaders; one whose files cannot be listed says why.

    Args:
        cfg: Of a training or test.
        late: Whether the time is up; what is not listed yet then has the problem :data:`LATE`.
    """
    splits: list[Split] = []
    for part, loader in dataloaders(cfg, PARTS).items():
        _add(splits, Split(_short(part), problem=LATE) if late() else _listed(cfg, part, loader, _short(part)))
    _add(splits, _kept(cfg, late))
    return splits


def _add(splits: list[Split], split: Split | None) -> None:
    """Append it, or join its name with that of the split that has the same images."""
    if split is None:
        return
    twin = next((other for other in splits if other.items and _key(other) == _key(split)), None)
    if twin is None:
        splits.append(split)
    else:
        twin.name += f' = {split.name}'


def _kept(cfg: Config, late: Callable[[], bool]) -> Split | None:
    try:
        loader = kept_back(cfg)
    except UserError as error:
        return Split(HOLDOUT, problem=' '.join(str(error).split()))
    if loader is None:
        return None
    return Split(HOLDOUT, problem=LATE) if late() else _listed(cfg, HOLDOUT, loader, HOLDOUT)


def blame(splits: Iterable[Split], findings: Iterable[Finding]) -> None:
    """Let splits that cannot be listed say what the checks before a training say of them, which is why.

    A data set that a check refuses is often one that its reader cannot read, for the same reason in the reader's words.

    Args:
        splits: Their problems are changed.
        findings: Of the checks; the first error of a split counts.
    """
    reasons: dict[str, str] = {}
    for finding in findings:
        for part in finding.place.split(', ') if finding.level == ERROR else ():
            reasons.setdefault(_short(part), finding.text)
    for split in splits:
        if split.problem is not None:
            split.problem = next((reasons[name] for name in split.name.split(' = ') if name in reasons), split.problem)


def _short(part: str) -> str:
    """A dataloader without the word."""
    return part.removesuffix('_dataloader').replace('holdout_dataloader of', 'holdout of')


def _listed(cfg: Config, part: str, loader: dict, name: str) -> Split | None:
    """None where there are no images, and need not be."""
    try:
        if missing_place(cfg, part, loader):
            return None
        listings = [listing for function in CHECKS.of('survey') for listing in function(loader['dataset'])]
    except UserError as error:
        return Split(name, problem=' '.join(str(error).split()))
    if not listings:
        return Split(name, problem='its data set is of a type that cannot be listed')
    unnameable = next((item.path for one in listings for item in one.items if '\0' in item.path), None)
    if unnameable is not None:  # the system's functions raise ValueError, where nobody expects it
        return Split(name, problem=f'{unnameable!r} holds a NUL character, which the name of a file cannot: correct it')
    return Split(name, listings)


def _key(split: Split) -> tuple:
    return split.problem, tuple((os.path.realpath(item.path), item.boxes) for item in split.items)

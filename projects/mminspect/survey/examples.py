"""Which images show what a split holds: one for each class or label, no image twice where there is another one."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .items import Box, Item, Listing
from .objects import ObjectSize
from .surveying import SplitSurvey

#: Name of the images in which boxes could be, and are not.
EMPTY = 'no object'


@dataclass(frozen=True)
class Example:
    """An image of a class.

    Attributes:
        name: Of the class, of the defect, 'good' or 'no object'.
        item: The image.
        listing: The data set that it is of.
        box: The object of this class that is to be seen; None: the image has none.
    """

    name: str
    item: Item
    listing: Listing
    box: Box | None = None


def examples(one: SplitSurvey) -> list[Example]:
    """An image for each name, classes first in their order; a class shows an object of its median size.

    Rare names choose first, so that each finds an image that shows no other name.
    """
    candidates = _candidates(one)
    used: set[str] = set()
    chosen: dict[str, Example] = {}
    for name in sorted(candidates, key=lambda name: len({example.item.path for example in candidates[name]})):
        own = candidates[name]
        chosen[name] = next((example for example in own if example.item.path not in used), own[0])
        used.add(chosen[name].item.path)
    return [chosen[name] for name in dict.fromkeys([*one.split.classes, *candidates]) if name in chosen]


def _candidates(one: SplitSurvey) -> dict[str, list[Example]]:
    """Name -> what may stand for it, best first."""
    images: dict[str, list[Example]] = {}
    places: dict[str, list[tuple[Item, Listing]]] = defaultdict(list)
    for item, listing in one.split.pairs:
        if item.path in one.measures:
            places[item.path].append((item, listing))
            for name in _names(item):
                images.setdefault(name, []).append(Example(name, item, listing))
    objects: dict[str, list[ObjectSize]] = defaultdict(list)
    for thing in one.objects:
        if thing.path in places:
            objects[thing.box.category].append(thing)
    return {name: [*_of_objects(name, objects[name], places), *found] for name, found in images.items()}


def _names(item: Item) -> Sequence[str]:
    if item.label is not None:
        return [item.label]
    return list(dict.fromkeys(box.category for box in item.boxes)) or ([EMPTY] if item.defective is False else [])


def _of_objects(name: str, things: Sequence[ObjectSize],
                places: dict[str, list[tuple[Item, Listing]]]) -> Iterator[Example]:
    """Those nearest to the middle of all sizes first."""
    ordered = sorted(things, key=lambda thing: (thing.before, thing.path))
    for rank in sorted(range(len(ordered)), key=lambda rank: (abs(rank - (len(ordered) - 1) / 2), rank)):
        thing = ordered[rank]
        found = places[thing.path]  # of a file under two ids, the entry with this object
        item, listing = next((pair for pair in found if thing.box in pair[0].boxes), found[0])
        yield Example(name, item, listing, thing.box)

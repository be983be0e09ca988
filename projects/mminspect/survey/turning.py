"""What EXIF data does to the images of a split."""
from __future__ import annotations

from collections import Counter

from .surveying import SplitSurvey

#: What a value of the tag does (CIPA DC-008, table 6: Orientation); 1, its neutral value, does nothing.
TURNS = {2: 'mirrored', 3: '180°', 4: 'mirrored, 180°', 5: 'mirrored, 270° clockwise', 6: '90° clockwise',
         7: 'mirrored, 90° clockwise', 8: '270° clockwise'}


def asked_turns(one: SplitSurvey) -> dict[str, int]:
    """What EXIF data asks for -> number of images, whether the pipeline heeds it or not."""
    values = Counter(one.measures[item.path].orientation for item in one.split.items if item.path in one.measures)
    return {TURNS[value]: count for value, count in sorted(values.items()) if value in TURNS}


def heeded(one: SplitSurvey) -> bool:
    """Whether images are turned as their EXIF data asks for, in every data set of a split."""
    return all(listing.reading.orientation for listing in one.split.listings)


def turned_by_exif(one: SplitSurvey) -> int:
    """Images that are turned or mirrored when they are read."""
    return sum(listing.reading.orientation and one.measures[item.path].orientation in TURNS
               for item, listing in one.split.pairs if item.path in one.measures)


def turning(one: SplitSurvey) -> str:
    """In words: 'none', or how many images are turned, and how."""
    if not one.measures:
        return ''
    asked = asked_turns(one)
    if not asked:
        return 'none'
    how = ', '.join(f'{turn} {count}' for turn, count in asked.items())
    if heeded(one):
        return f'{turned_by_exif(one)} of {len(one.measures)} ({how})'
    return f'{turned_by_exif(one)}; {sum(asked.values())} ask for it ({how}), but orientation=False'

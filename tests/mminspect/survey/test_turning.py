"""What EXIF does to images, in words."""
from __future__ import annotations

import numpy as np
import pytest

from mminspect.survey.items import Item, Listing
from mminspect.survey.measures import Measures
from mminspect.survey.splits import Split
from mminspect.survey.surveying import SplitSurvey
from mminspect.survey.turning import TURNS, asked_turns, turned_by_exif, turning
from mminspect.vision.reading import Reading
from mminspect.vision.tiff import turned


def split(*orientations: int, heeded: bool = True) -> SplitSurvey:
    measures = {str(number): Measures(str(number), '', 1, '.jpg', 'JPEG', 9, 9, 8, 'grey', value, 1.0, 1.0, 1.0)
                for number, value in enumerate(orientations)}
    listing = Listing([Item(path, 'good') for path in [*measures, 'unreadable']], reading=Reading(orientation=heeded))
    return SplitSurvey(Split('train', [listing]), measures)


@pytest.mark.parametrize(('orientations', 'said', 'count'), [
    ((1, ), 'none', 0), ((1, 1, 1), 'none', 0), ((1, 6, 3, 6), '3 of 4 (180° 1, 90° clockwise 2)', 3), ((), '', 0)])
def test_the_neutral_value_turns_nothing(orientations: tuple[int, ...], said: str, count: int) -> None:
    assert (turning(split(*orientations)), turned_by_exif(split(*orientations))) == (said, count)


def test_what_a_pipeline_does_not_heed_is_not_turned() -> None:
    one = split(1, 8, heeded=False)
    assert turned_by_exif(one) == 0 and asked_turns(one) == {'270° clockwise': 1}
    assert turning(one) == '0; 1 ask for it (270° clockwise 1), but orientation=False'
    assert turning(split(1, heeded=False)) == 'none'


def test_the_words_are_what_the_decoder_does() -> None:
    """Against NumPy: 'mirrored' exchanges left and right first, then clockwise quarters follow."""
    pixels = np.arange(6).reshape(2, 3)
    for value, words in TURNS.items():
        expected = np.fliplr(pixels) if 'mirrored' in words else pixels
        quarters = next((count for angle, count in (('90°', 1), ('180°', 2), ('270°', 3))
                         if angle in words.split()), 0)
        np.testing.assert_array_equal(turned(pixels, value), np.rot90(expected, -quarters), words)

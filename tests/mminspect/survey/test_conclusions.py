"""What is worth a sentence; whole surveys are in test_surveying.py."""
from __future__ import annotations

import pytest

from mminspect.survey.comparing import Cue, Shift
from mminspect.survey.conclusions import conclude, small_objects
from mminspect.survey.copies import Copies, Pair
from mminspect.survey.items import Box, Item, Listing
from mminspect.survey.objects import ObjectSize
from mminspect.survey.splits import Split
from mminspect.survey.surveying import SplitSurvey, Survey


def sized(*after: float) -> list[ObjectSize]:
    return [ObjectSize('a.png', Box('hair', 0, 0, 9, 9), 9, size) for size in after]


def found(**fields: object) -> Survey:
    return Survey(**dict(dict(name='a', findings=[], splits=[], stride=8.0, limit=8.0), **fields))


def with_objects(*after: float) -> Survey:
    split = Split('train', [Listing([Item('a.png', boxes=(Box('hair', 0, 0, 9, 9), ))])])
    return found(splits=[SplitSurvey(split, objects=sized(*after))])


@pytest.mark.parametrize(('after', 'told'), [
    ((9, 9, 9), []), ((7,) + (9,) * 19, []), ((7, 7) + (9,) * 8, ['2 of 10 objects are smaller']),
    ((0,) + (9,) * 19, ['1 of 20 objects vanish']),
    ((0, 7, 9), ['1 of 3 objects vanish', '2 of 3 objects are smaller'])])
def test_small_objects(after: tuple, told: list[str]) -> None:
    texts = [finding.text for finding in conclude(with_objects(*after))]
    assert len(texts) == len(told) and all(map(str.startswith, texts, told))


def test_small_objects_come_smallest_first() -> None:
    assert [thing.after for thing in small_objects(SplitSurvey(Split('a'), objects=sized(5, 9, 0, 3)), 8)] == [0, 3, 5]


def test_cues_and_shifts() -> None:
    cues = [Cue('mean grey', 0.05, 40, 40, True), Cue('contrast', 0.85, 40, 40, True),
            Cue('file size', 1.0, 2, 2, False)]
    shifts = [Shift(name, 'train', 'test', (1, 2), 1.0, 0.99, certain)
              for name, certain in (('sharpness', True), ('contrast', False), ('file size', True))]
    texts = [finding.text for finding in conclude(found(cues={'test': cues}, shifts=shifts))]
    assert len(texts) == 3
    assert 'mean grey' in texts[0] and '0.95' in texts[0] and 'chance' not in texts[0]
    assert 'file size' in texts[1] and 'of 2 good and 2 defective images this may be chance' in texts[1]
    assert 'sharpness' in texts[2]


def test_a_problem_is_told_once() -> None:
    split = SplitSurvey(Split('train', problem='it is not there'))
    assert [finding.text for finding in conclude(found(splits=[split]))] == ['it is not there']
    known = conclude(found(splits=[split], findings=conclude(found(splits=[split]))))
    assert known == []


def test_pairs_that_were_not_compared() -> None:
    (finding, ) = conclude(found(copies=Copies([], 1.0, 7)))
    assert finding.text.startswith('7 further pairs')


def test_images_without_a_larger_object_are_counted() -> None:
    split = Split('train', [Listing([Item('a.png'), Item('b.png')])])
    objects = [ObjectSize(path, Box('hair', 0, 0, 9, 9), 9, after) for path, after in (('a', 1), ('a', 9), ('b', 2))]
    (told, ) = conclude(found(splits=[SplitSurvey(split, objects=objects)]))
    assert 'smallest stride of the detector (1 of 2 images with objects have no larger one)' in told.text
    (told, ) = conclude(found(splits=[SplitSurvey(split, objects=objects)], limit=4.0))
    assert "smaller than 4 px at the network's input (1 of 2" in told.text


@pytest.mark.parametrize(('kind', 'first', 'said'), [
    ('same bytes', 0, '1 of 2 images is also in train (1 same bytes; first: '),
    ('nearly equal', 0, '1 of 2 images looks nearly like one of train (1 nearly equal; first: '),
    ('equal pixels', 1, '1 of 2 images is there a second time'),
    ('nearly equal', 1, '1 of 2 images looks nearly like another one')])
def test_what_is_nearly_equal_is_not_called_a_copy(kind: str, first: int, said: str) -> None:
    splits = [SplitSurvey(Split(name, [Listing([Item(path) for path in paths])]))
              for name, paths in (('train', ['a']), ('test', ['b', 'c']))]
    pairs = [Pair(first, 2, kind, 0.0)]
    (told, ) = conclude(found(splits=splits, paths=['a', 'b', 'c'], copies=Copies(pairs)))
    assert told.place == 'test' and told.text.startswith(said)

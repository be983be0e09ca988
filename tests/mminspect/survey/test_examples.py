"""Which images stand for the classes."""
from __future__ import annotations

import math

from mminspect.survey.examples import examples
from mminspect.survey.items import Box, Item, Listing
from mminspect.survey.objects import ObjectSize
from mminspect.survey.splits import Split
from mminspect.survey.surveying import SplitSurvey


def box(name: str, side: float, x: float = 0) -> Box:
    return Box(name, x, 0, side, side)


def split(*items: Item, classes: tuple[str, ...] = (), readable: bool = True) -> SplitSurvey:
    objects = [ObjectSize(item.path, one, math.sqrt(one.width * one.height), one.width)
               for item in items for one in item.boxes]
    return SplitSurvey(Split('train', [Listing(list(items), classes=classes)]),
                       {item.path: None for item in items} if readable else {}, objects)


def test_every_class_has_an_image_of_its_own() -> None:
    """White cells are in every picture of red ones, as in blood: the first image has both."""
    both = [Item(f'{number}.png', boxes=(box('red', 9 + number), box('white', 20))) for number in range(3)]
    one = split(*both, Item('3.png', boxes=(box('plate', 3), box('red', 10))), Item('4.png'),
                classes=('red', 'white', 'plate'))
    found = examples(one)
    assert [example.name for example in found] == ['red', 'white', 'plate', 'no object']
    assert len({example.item.path for example in found}) == 4
    assert [example.item.path for example in found][2:] == ['3.png', '4.png']
    assert all(example.box in example.item.boxes and example.box.category == example.name for example in found[:3])


def test_the_object_is_of_the_median_size() -> None:
    items = [Item(f'{side}.png', boxes=(box('a', side), )) for side in (50, 1, 7, 9, 8)]
    assert examples(split(*items))[0].box == box('a', 8)


def test_one_image_for_all_where_there_is_no_other() -> None:
    found = examples(split(Item('a.png', boxes=(box('a', 5), box('b', 6)))))
    assert [(example.name, example.item.path, example.box.width) for example in found] == [
        ('a', 'a.png', 5), ('b', 'a.png', 6)]


def test_the_entry_with_the_object_of_a_file_under_two_ids() -> None:
    first, second = Item('a.png', boxes=(box('a', 5), )), Item('a.png', boxes=(box('b', 6), ))
    assert [example.item for example in examples(split(first, second))] == [first, second]


def test_labels_and_images_that_cannot_be_read() -> None:
    items = [Item('1.png', 'good'), Item('2.png', 'good'), Item('3.png', 'scratch', mask_path='m.png')]
    assert [(one.name, one.item.path, one.box) for one in examples(split(*items))] == [
        ('good', '1.png', None), ('scratch', '3.png', None)]
    assert examples(split(*items, readable=False)) == []

"""Rows of words."""
from __future__ import annotations

import pytest

from mminspect.survey.findings import Finding
from mminspect.survey.items import GOOD, Box, Item, Listing
from mminspect.survey.objects import ObjectSize
from mminspect.survey.splits import Split
from mminspect.survey.summary import cues_table, images_table, objects_table, shifts_table, verdict
from mminspect.survey.surveying import SplitSurvey, Survey
from mminspect.vision.folders import HIDDEN, OTHERS


def test_images_and_objects_of_a_detector(detected: Survey) -> None:
    header, rows = images_table(detected)
    assert header == ['', 'train', 'val = test']
    found = {row[0]: row[1] for row in rows}
    assert (found['used'], found['pixels'], found['bits and colour'], found['left out']) == (
        '6', '256x256', '8 bit colour', 'none')
    assert found['turned by EXIF'] == 'none' and 'EXIF orientation' not in found
    assert found['labels or boxes'] == 'hair 12' and found['format'] == 'PNG (.png)'
    header, rows = objects_table(detected)
    assert rows[0] == ['train: hair', '12', '8, 21, 35', '11', '6 (50 %)', '0'] and 'below 8 px there' in header
    assert cues_table(detected) is None


def test_files_of_other_kinds_are_no_images() -> None:
    split = Split('train', [Listing([Item('a.png', GOOD)], {HIDDEN: 2, OTHERS: 3})])
    _, rows = images_table(Survey('a', [], [SplitSurvey(split)], None, 4))
    found = dict(rows)
    assert (found['images found'], found['used'], found['left out']) == ('3', '1', '2 hidden, 3 of other kinds')


def test_cues_and_shifts_of_an_anomaly_set(told: Survey) -> None:
    _, rows = cues_table(told)
    assert ['val = test: mean grey', '1.00', '1.00'] == rows[0][:3] and rows[0][-1].startswith('yes')
    assert all(len(row) == 5 for row in rows) and len(shifts_table(told)[1]) == 5


def test_a_split_that_was_not_counted_has_no_zeros() -> None:
    found = Survey('a', [], [SplitSurvey(Split('train', problem='it is damaged')), SplitSurvey(Split('val'))], None, 4)
    rows = {row[0]: row[1:] for row in images_table(found)[1]}
    assert rows['images found'] == rows['used'] == ['not counted', '0']
    assert {cell for cell, _ in rows.values()} == {'not counted', ''}


@pytest.mark.parametrize(('small', 'total', 'said'), [(0, 9, '0'), (1, 1000, '1 (below 1 %)'), (3, 12, '3 (25 %)')])
def test_a_few_small_objects_are_not_none(small: int, total: int, said: str) -> None:
    objects = [ObjectSize('a', Box('hair', 0, 0, 9, 9), 9, 3 if number < small else 9) for number in range(total)]
    _, (row, ) = objects_table(Survey('a', [], [SplitSurvey(Split('train'), objects=objects)], None, 4))
    assert row[4] == said


def test_verdict() -> None:
    found = Survey('a', [], [], None, 4)
    assert verdict(found) == 'nothing odd was found'
    found.findings = [Finding('warning', 'a', 'b')] * 2 + [Finding('error', 'a', 'b')]
    assert verdict(found) == '1 error and 2 warnings'

"""The JSON holds what the page says."""
from __future__ import annotations

import json
from dataclasses import replace

from mminspect.survey.record import record
from mminspect.survey.splits import Split
from mminspect.survey.surveying import SplitSurvey, Survey


def test_all_figures(told: Survey) -> None:
    content = json.loads(record(told), parse_constant=lambda name: 1 / 0)  # neither NaN nor Infinity
    assert content['findings'] == [dict(level=one.level, place=one.place, text=one.text) for one in told.findings]
    test = content['splits']['val = test']
    assert (test['images'], test['readable'], test['counts']) == (13, 12, dict(good=7, scratch=6))
    assert test['unreadable'][0]['path'].endswith('001.png') and test['objects']['count'] == 6
    (cue, ) = (cue for cue in content['cues']['val = test'] if cue['name'] == 'mean grey')
    assert cue['telling'] and cue['strength'] == 1
    (leak, ) = content['copies']['leaks']
    assert leak['kinds'] == {'equal pixels': 1} and leak['copies'][0]['other'].endswith('<b>again.bmp')
    image = content['images']['train'][0]
    assert image['width'] == 256 and image['label'] == 'good' and 0 < image['mean'] < 255


def test_images_that_were_not_counted_are_null_and_none_is_turned(told: Survey) -> None:
    told.splits.append(SplitSurvey(Split('test', problem='it is damaged')))
    splits = json.loads(record(told))['splits']
    assert splits['train']['turned_by_exif'] == 0 and splits['train'].keys() == splits['test'].keys()
    assert splits['test'].pop('problem') == 'it is damaged' and {*splits['test'].values()} == {None}


def test_what_is_undefined_is_null(detected: Survey) -> None:
    detected.copies = replace(detected.copies, usual=float('nan'))
    assert json.loads(record(detected))['copies']['usual_distance'] is None

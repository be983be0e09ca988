"""A whole survey of rendered sets of both halves."""
from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mminspect import runtime
from mminspect.core.errors import UserError
from mminspect.survey.conclusions import conclude, leaks_of
from mminspect.survey.surveying import Survey, survey
from survey_helpers import anomaly_config, anomaly_set, coco_set, detection_config, part, save, scene


def look(config: Path, **options: object) -> Survey:
    return survey(runtime.load_config(str(config)), config.stem, **options)


def texts(found: Survey) -> list[str]:
    return [finding.text for finding in conclude(found)]


def test_an_honest_anomaly_set_has_nothing_to_tell(tmp_path: Path) -> None:
    found = look(anomaly_config(anomaly_set(tmp_path / 'part'), tmp_path / 'a.py'))
    assert [one.name for one in found.splits] == ['train', 'val = test'] and found.stride is None
    assert [len(one.measures) for one in found.splits] == [10, 16] and len(found.paths) == 26
    assert len(found.splits[1].objects) == 8 and {thing.after for thing in found.splits[1].objects} == {np.sqrt(128)}
    assert conclude(found) == []


def test_parts_on_a_fixture_are_no_leak(tmp_path: Path) -> None:
    found = look(anomaly_config(anomaly_set(tmp_path / 'part', draw=part), tmp_path / 'a.py'))
    assert leaks_of(found) == []


def test_brighter_defects_are_a_trivial_cue(tmp_path: Path) -> None:
    found = look(anomaly_config(anomaly_set(tmp_path / 'part', draw=part, level=20), tmp_path / 'a.py'))
    (told, ) = (text for text in texts(found) if 'mean grey' in text)
    assert 'AUROC of 1.00' in told and 'say little' in told


def test_leaks_copies_and_contradictions_of_an_anomaly_set(tmp_path: Path) -> None:
    root = anomaly_set(tmp_path / 'part')
    save(scene(2), root / 'test' / 'good' / 'again.bmp')  # train/good/002
    save(scene(3), root / 'test' / 'scratch' / 'again.jpg', quality=90)  # a good part called defective
    shutil.copy(root / 'train' / 'good' / '005.png', root / 'train' / 'good' / 'other.png')
    between, within = leaks_of(look(anomaly_config(root, tmp_path / 'a.py')))
    assert (between.first, between.second, between.count, between.contradictions) == ('train', 'val = test', 2, 1)
    assert between.kinds == {'nearly equal': 1, 'equal pixels': 1}
    assert (within.first, within.kinds) == ('train', {'same bytes': 1})


@pytest.fixture
def detection(tmp_path: Path) -> Path:
    """Twelve images to train and eight to test on; half of them with one box of 30 and one of 6 pixels."""
    for name, first in (('train', 0), ('val', 100)):
        pictures = {f'{number}.png': scene(number) for number in range(first, first + (12 if name == 'train' else 8))}
        boxes = {file: [[20, 20, 30, 30], [100, 90, 6, 6]] for file in list(pictures)[::2]}
        coco_set(tmp_path / 'data', name, pictures, boxes)
    return detection_config(tmp_path / 'data', tmp_path / 'b.py')


def test_sizes_against_strides_of_a_detector(detection: Path) -> None:
    found = look(detection)
    assert found.stride == found.limit == 8
    train, val = found.splits
    assert sorted({(thing.before, thing.after) for thing in train.objects}) == [(6, 3), (30, 15)]
    assert (len(train.objects), len(val.objects), len(val.group(False))) == (12, 8, 4)
    assert next(text for text in texts(found) if 'smallest stride' in text).startswith('6 of 12 objects')
    assert look(detection, limit=2).limit == 2 and not [text for text in texts(look(detection, limit=2))
                                                        if 'smaller' in text]


def test_leaks_of_a_detection_set(detection: Path) -> None:
    data = detection.parent / 'data'
    save(scene(4), data / 'val' / '101.png')
    (leak, ) = leaks_of(look(detection))
    assert (leak.first, leak.second, leak.count, leak.kinds) == ('train', 'val = test', 1, {'same bytes': 1})
    assert leak.contradictions == 1  # the training's has boxes


def test_a_leak_is_told_once(detection: Path) -> None:
    """The checks say it by bytes and for every loader, the survey for each pair of splits and of more kinds."""
    data = detection.parent / 'data'
    save(scene(4), data / 'val' / '101.png')
    found = look(detection)
    told = [one.text for one in found.findings] + texts(found)
    assert len([text for text in told if 'also in train' in text]) == 1
    assert not any('also trained on' in text for text in told)
    (data / 'val' / '100.png').write_bytes(b'damaged')  # what was not compared may be a copy by its bytes
    assert len([one for one in look(detection).findings if 'also trained on' in one.text]) == 1


def test_damaged_images_are_lines_and_the_rest_is_measured(detection: Path) -> None:
    data = detection.parent / 'data'
    (data / 'train' / '3.png').write_bytes((data / 'train' / '3.png').read_bytes()[:500])
    (data / 'val' / '100.png').unlink()
    found = look(detection)
    assert [[Path(path).name for path, _ in one.unreadable] for one in found.splits] == [['3.png'], ['100.png']]
    assert [len(one.measures) for one in found.splits] == [11, 7]
    assert len([one for one in found.findings if one.level == 'error']) == 2  # what a training would say
    assert [one.level for one in conclude(found) if 'cannot be read' in one.text] == ['error'] * 2


def test_annotations_of_one_split_that_cannot_be_read(detection: Path) -> None:
    (detection.parent / 'data' / 'train.json').write_text('{')
    found = look(detection)
    assert [one.split.problem is None for one in found.splits] == [False, True] and len(found.splits[1].measures) == 8
    assert [one.level for one in found.findings].count('error') == 1


def without(name: str, part: str) -> Callable[[dict], None]:
    def damage(content: dict) -> None:
        del content[part][0][name]
    return damage


def same_ids(content: dict) -> None:
    for entry in content['annotations']:
        entry['id'] = 1


def mixed_ids(content: dict) -> None:
    content['annotations'][0]['image_id'] = content['images'][0]['id'] = 'one'


@pytest.mark.parametrize('damage', [without('bbox', 'annotations'), same_ids,
                                    without('id', 'annotations'), without('height', 'images'), mixed_ids])
def test_what_the_data_check_says_is_said_once(damage: Callable[[dict], None], detection: Path) -> None:
    path = detection.parent / 'data' / 'train.json'
    content = json.loads(path.read_text())
    damage(content)
    path.write_text(json.dumps(content))
    found = look(detection)
    told = [one for one in [*found.findings, *conclude(found)] if one.level == 'error']
    assert len(told) == 1 and told[0].place == 'train_dataloader' and 'train.json' in told[0].text
    assert not re.search(r'\w+Error', told[0].text)
    assert found.splits[0].split.problem in (None, told[0].text)  # what mmdet reads nevertheless is counted


@pytest.mark.parametrize(('lacks', 'said'), [(('model', ), 'no model'),
                                             (('train_dataloader', 'val_dataloader', 'test_dataloader'), 'no data')])
def test_a_config_of_nothing(lacks: tuple[str, ...], said: str, detection: Path) -> None:
    cfg = runtime.load_config(str(detection))
    for name in lacks:
        cfg[name] = None
    with pytest.raises(UserError, match=said):
        survey(cfg, 'b')


def test_a_file_under_two_ids_is_told(tmp_path: Path, detection: Path) -> None:
    path = tmp_path / 'data' / 'train.json'
    path.write_text(path.read_text().replace('"file_name": "1.png"', '"file_name": "0.png"'))
    (leak, ) = leaks_of(look(detection))
    assert (leak.first, leak.second, leak.kinds) == ('train', 'train', {'same file': 1})

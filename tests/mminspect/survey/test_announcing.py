"""What a training says of its data before it starts."""
from __future__ import annotations

import time
from pathlib import Path

import pytest

from mminspect import runtime
from mminspect.survey.announcing import announce, describe, is_first_process
from survey_helpers import anomaly_config, anomaly_set, coco_set, detection_config, scene


@pytest.fixture
def detection(tmp_path: Path) -> Path:
    for name, first in (('train', 0), ('val', 10)):
        coco_set(tmp_path / 'data', name, {f'{number}.png': scene(number, 96) for number in range(first, first + 4)},
                 {f'{first}.png': [[1, 1, 20, 20], [40, 40, 9, 9]]})
    return detection_config(tmp_path / 'data', tmp_path / 'b.py')


def test_of_a_detector(detection: Path) -> None:
    contents = '4 images (3 without objects), 2 boxes (hair 2); 96x96 pixels'
    assert describe(runtime.load_config(str(detection))) == [f'train: {contents}', f'val = test: {contents}']


def test_what_is_left_out(detection: Path) -> None:
    cfg = runtime.load_config(str(detection))
    cfg.train_dataloader.dataset.filter_cfg = dict(filter_empty_gt=True)
    assert describe(cfg)[0].endswith('left out: 3 images without an object, by filter_empty_gt')


def test_of_an_anomaly_model_whose_images_have_many_sizes(tmp_path: Path) -> None:
    root = anomaly_set(tmp_path / 'part', draw=lambda seed: scene(seed, 256 + seed), counts=(3, 2, 2))
    cfg = runtime.load_config(str(anomaly_config(root, tmp_path / 'a.py')))
    assert describe(cfg) == ['train: 3 images (good 3); 256x256 to 258x258 pixels',
                             'val = test: 4 images (good 2, scratch 2); 356x356 to 457x457 pixels']


def test_what_the_walk_has_left_out(tmp_path: Path) -> None:
    root = anomaly_set(tmp_path / 'part', counts=(3, 2, 2))
    for name in ('train/good/.1.png', 'train/good/.2.png', 'train/good/notes.txt', 'test/scratch/000_mask.png',
                 'test/good/@eaDir/1.png'):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).touch()
    train, test = describe(runtime.load_config(str(anomaly_config(root, tmp_path / 'a.py'))))
    assert train.endswith('pixels; left out: 2 images hidden, 1 file of other kinds')
    assert test.endswith('pixels; left out: 1 image in folders of the system, 1 masks')


def test_it_is_in_the_log(detection: Path, messages: list[str]) -> None:
    announce(runtime.load_config(str(detection)))
    assert [line.partition(':')[0] for line in messages if ' images (' in line] == [
        'train', 'val = test']


def test_when_time_is_up_it_says_so(tmp_path: Path, detection: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert describe(runtime.load_config(str(detection)), seconds=-1) == [
        'train: its images were not counted, to start in time', 'val: its images were not counted, to start in time',
        'test: its images were not counted, to start in time']
    cfg = runtime.load_config(str(anomaly_config(anomaly_set(tmp_path / 'p', counts=(6, 2, 2)), tmp_path / 'a.py')))
    calls = iter(range(100))
    monkeypatch.setattr(time, 'monotonic', lambda: next(calls))
    facts = describe(cfg, seconds=5.5)
    assert '(of 2 images; 4 were not opened, to start in time)' in facts[0] and 'not read' in facts[1]


def test_one_process_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_first_process() and is_first_process('pytorch')
    for name, value, first in (('LOCAL_RANK', '1', False), ('RANK', '0', True), ('RANK', '4', False)):
        monkeypatch.setenv(name, value)
        assert is_first_process('pytorch') is first and is_first_process('none')

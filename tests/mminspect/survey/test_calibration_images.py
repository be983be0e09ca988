"""Copies count once however they were saved, images of the training are told, and so is a set that hardly differs."""
from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mminspect.runtime import load_config
from mminspect.survey.calibration_images import CalibrationImages, seen_by_training, training_warning
from mminspect.vision.reading import Reading
from survey_helpers import anomaly_config, anomaly_set, coco_set, detection_config, part, save, scene


def distinct(paths: list[Path]) -> int:
    """Number of images that count."""
    images = CalibrationImages(Reading().read)
    for number, path in enumerate(paths):
        images.add(SimpleNamespace(score=float(number), anomaly_map=None), Reading().read(path))
    counted = images.counted_once(paths)
    assert [image.score for image in counted] == list(range(len(paths)))  # the order stays
    return len({image.digest for image in counted})


def test_recompressed_copies_count_once(tmp_path: Path) -> None:
    """Twelve parts, of which seven are there again: as JPEG, smaller, brighter by one grey level, or byte for byte."""
    paths = [save(scene(seed), tmp_path / f'{seed}.png') for seed in range(12)]
    paths += [save(scene(seed), tmp_path / f'{seed}.jpg', quality=85) for seed in range(4)]
    paths += [save(scene(4)[::2, ::2], tmp_path / 'half.png')]
    paths += [save(np.minimum(scene(5), 254) + np.uint8(1), tmp_path / 'brighter.png')]
    paths += [Path(shutil.copy(paths[6], tmp_path / 'again.png'))]
    assert distinct(paths) == 12


@pytest.mark.parametrize('noise', [1.0, 12.0])
def test_parts_on_a_fixture_all_count(noise: float, tmp_path: Path) -> None:
    assert distinct([save(part(seed, noise=noise), tmp_path / f'{seed}.png') for seed in range(16)]) == 16


@pytest.mark.parametrize(('draw', 'told'), [
    (lambda seed: scene(0), True), (lambda seed: part(seed, noise=1.0), True),
    (lambda seed: part(seed, noise=12.0), False),
    (scene, False), (lambda seed: part(0, noise=1.0, level=8 * seed), False)])
def test_a_set_that_hardly_differs_is_told(draw: Callable[[int], np.ndarray], told: bool, tmp_path: Path,
                                           caplog: pytest.LogCaptureFixture) -> None:
    """A camera that stood still and encodes JPEG, and one whose noise alone differs; others vary in what is seen."""
    with caplog.at_level(logging.WARNING):
        left = distinct([save(draw(seed), tmp_path / f'{seed}.jpg', quality=80 + seed) for seed in range(12)])
    assert ('hardly differ from each other' in caplog.text) == (told and left > 2)
    assert not told or left <= 2 or f'These {left} normal images' in caplog.text
    assert told or left == 12


def test_images_of_the_training_are_known(tmp_path: Path) -> None:
    root = anomaly_set(tmp_path / 'set', counts=(6, 4, 1))
    cfg = load_config(str(anomaly_config(root, tmp_path / 'c.py')))
    train, others = sorted((root / 'train' / 'good').iterdir()), sorted((root / 'test' / 'good').iterdir())
    copy = Path(shutil.copy(train[2], tmp_path / 'renamed.png'))
    given = [str(path) for path in (*train[:2], copy, *others)]
    assert seen_by_training(cfg, 'm.pth', given) == given[:3]
    shutil.rmtree(root / 'train')
    assert seen_by_training(cfg, 'm.pth', given[2:]) == []


def test_images_of_the_training_of_a_detector_are_known(tmp_path: Path) -> None:
    for name, seeds in (('train', range(4)), ('val', range(10, 12))):
        coco_set(tmp_path, name, {f'{seed}.png': scene(seed) for seed in seeds}, {f'{seeds[0]}.png': [[9, 9, 20, 20]]})
    cfg = load_config(str(detection_config(tmp_path, tmp_path / 'c.py')))
    cfg.train_dataloader.dataset.filter_cfg = dict(filter_empty_gt=False)
    given = [str(path) for name in ('train', 'val') for path in sorted((tmp_path / name).iterdir())]
    assert seen_by_training(cfg, 'm.pth', given) == given[:4]


def test_what_a_stored_config_could_run_is_not_built(tmp_path: Path) -> None:
    cfg = load_config(str(anomaly_config(anomaly_set(tmp_path / 'set', counts=(2, 1, 1)), tmp_path / 'c.py')))
    cfg.train_dataloader.dataset.type = 'os.mkdir'
    assert seen_by_training(cfg, 'm.pth', [str(tmp_path / 'set' / 'train' / 'good' / '000.png')]) == []


@pytest.mark.parametrize(('folder', 'seen', 'said'), [
    ('x/good', ['a.png'], "1 of 2 images are those of the model's training (first: 'a.png')"),
    ('x/train/good', [], None), ('x/train/good', None, 'is called as the images of a training are'),
    ('x/Train', None, 'is called as'), ('x/good', None, None), ('trained/good', None, None)])
def test_words_for_them(folder: str, seen: list[str] | None, said: str | None, tmp_path: Path) -> None:
    found = training_warning(tmp_path / folder, ['a.png', 'b.png'], None if seen is None else lambda: seen)
    assert found is None if said is None else said in found and 'has not seen' in found

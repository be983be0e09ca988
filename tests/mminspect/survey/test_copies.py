"""Copies are found whatever was done to their files; parts that merely look alike are not copies."""
from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from mminspect.survey import copies as module
from mminspect.survey.copies import Pair, groups_of, projection, sketch
from survey_helpers import copies, part, save, scene


def kinds(found: module.Copies) -> dict[tuple[int, int], str]:
    return {(pair.first, pair.second): pair.kind for pair in found.pairs}


@pytest.mark.parametrize('side', [128, 256, 640])
@pytest.mark.parametrize('noise', [1.0, 4.0, 12.0])
@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
def test_parts_on_a_fixture_are_no_copies(side: int, noise: float, suffix: str, tmp_path: Path) -> None:
    """Their difference at 128x128 is below two grey levels, and still none is told."""
    paths = [save(part(seed, side, noise), tmp_path / f'{seed}{suffix}') for seed in range(24)]
    assert copies(paths).pairs == []


@pytest.mark.parametrize('draw', [part, scene])
def test_copies_are_told_among_parts_and_among_scenes(draw: object, tmp_path: Path) -> None:
    paths = [save(draw(seed), tmp_path / f'{seed}.jpg', quality=95) for seed in range(20)]
    recompressed = save(cv2.imread(str(paths[3]))[..., ::-1], tmp_path / 'again.jpg', quality=80)
    brighter = save(np.clip(draw(7).astype(int) + 1, 0, 255).astype(np.uint8), tmp_path / 'brighter.jpg', quality=95)
    renamed = Path(shutil.copy(paths[11], tmp_path / 'other_name.jpg'))
    repacked = save(cv2.imread(str(paths[15]))[..., ::-1], tmp_path / 'repacked.png')
    found = kinds(copies([*paths, recompressed, brighter, renamed, repacked]))
    assert set(found) == {(3, 20), (7, 21), (11, 22), (15, 23)}
    assert found[11, 22] == 'same bytes' and found[3, 20] == found[7, 21] == 'nearly equal'


def test_another_format_with_the_same_pixels(tmp_path: Path) -> None:
    paths = [save(scene(seed), tmp_path / f'{seed}.png') for seed in range(8)]
    paths += [save(scene(2), tmp_path / '2.bmp'), save(scene(5), tmp_path / '5.tif')]
    assert kinds(copies(paths)) == {(2, 8): 'equal pixels', (5, 9): 'equal pixels'}


def test_another_size_of_the_same_picture(tmp_path: Path) -> None:
    paths = [save(scene(seed), tmp_path / f'{seed}.png') for seed in range(8)]
    paths.append(save(cv2.resize(scene(4), (200, 200), interpolation=cv2.INTER_AREA), tmp_path / 'smaller.png'))
    assert kinds(copies(paths)) == {(4, 8): 'nearly equal'}


def test_a_difference_of_colours_alone_is_a_difference(tmp_path: Path) -> None:
    """Equal in grey, far apart in colour."""
    paths = [save(scene(seed), tmp_path / f'{seed}.png') for seed in range(8)]
    red, grey = np.full((128, 128, 3), (100, 0, 0), np.uint8), np.full((128, 128, 3), 30, np.uint8)
    paths += [save(red, tmp_path / 'red.png'), save(grey, tmp_path / 'grey.png')]
    assert copies(paths).pairs == []


def test_almost_blank_images_are_no_copies(tmp_path: Path) -> None:
    """White with a speck here and a speck there: far nearer to each other than boards are."""
    blank = [np.full((256, 256, 3), 255, np.uint8) for _ in range(2)]
    for number, pixels in enumerate(blank):
        pixels[60 + 90 * number:70 + 90 * number, 50:60] = 0
    paths = [save(scene(seed), tmp_path / f'{seed}.png') for seed in range(12)]
    paths += [save(pixels, tmp_path / f'blank{number}.png') for number, pixels in enumerate(blank)]
    assert copies(paths).pairs == []


def test_a_set_in_which_every_image_is_there_twice(tmp_path: Path) -> None:
    """The nearest neighbour of every image is then its copy: what is usual must not be measured by it."""
    paths = [save(scene(seed), tmp_path / f'{seed}.jpg', quality=95) for seed in range(10)]
    paths += [save(scene(seed), tmp_path / f'{seed}_again.jpg', quality=75) for seed in range(10)]
    assert set(kinds(copies(paths))) == {(seed, seed + 10) for seed in range(10)}


def test_parts_on_a_fixture_beside_scenes_are_no_copies(tmp_path: Path) -> None:
    """What is usual for the whole set is far more than what is usual among the parts."""
    paths = [save(part(seed), tmp_path / f'part{seed}.png') for seed in range(12)]
    paths += [save(scene(seed), tmp_path / f'scene{seed}.png') for seed in range(30)]
    assert copies(paths).pairs == []


def test_many_copies_are_one_group_and_few_pairs(tmp_path: Path) -> None:
    paths = [save(scene(seed), tmp_path / f'{seed}.png') for seed in range(8)]
    paths += [Path(shutil.copy(paths[0], tmp_path / f'copy{number}.png')) for number in range(30)]
    found = copies(paths)
    assert len(found.pairs) == 30 and groups_of(found.pairs, len(paths)) == [[0, *range(8, 38)]]


@pytest.mark.parametrize('count', [0, 1, 2])
def test_tiny_sets(count: int, tmp_path: Path) -> None:
    paths = [save(scene(seed), tmp_path / f'{seed}.png') for seed in range(count)]
    if paths:
        assert copies(paths).pairs == []
    else:
        assert module.find_copies(np.zeros((0, module.SKETCH), np.float32), [], [], []).pairs == []


def test_more_proposals_than_are_compared_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, 'MOST_PAIRS', 2)
    paths = [save(scene(seed), tmp_path / f'{seed}.png') for seed in range(9)]
    paths += [save(scene(seed), tmp_path / f'{seed}.bmp') for seed in range(5)]
    found = copies(paths)
    assert len(found.pairs) == 2 and found.unseen == 3


def test_a_sketch_keeps_distances() -> None:
    rng = np.random.default_rng(0)
    small = rng.uniform(0, 255, (20, 128, 128)).astype(np.float32)
    made = sketch(small, projection())
    centred = (small - small.mean(axis=(1, 2), keepdims=True)).reshape(20, -1)
    for a, b in ((0, 1), (3, 17), (5, 6)):
        exact = np.sqrt(np.mean((centred[a] - centred[b]) ** 2))
        assert np.linalg.norm(made[a] - made[b]) == pytest.approx(exact, rel=0.12)
    assert np.abs(sketch(small + 3, projection()) - made).max() < 0.01


def test_groups_are_joined_by_any_chain() -> None:
    pairs = [Pair(0, 4, 'same bytes', 0), Pair(4, 2, 'equal pixels', 0), Pair(1, 3, 'nearly equal', 1.0)]
    assert groups_of(pairs, 6) == [[0, 2, 4], [1, 3]]

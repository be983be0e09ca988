"""Lines of YOLO's text files, against boxes and polygons made by hand."""
from __future__ import annotations

import math

import numpy as np
import pytest

from fdrd.datasets.yolo_lines import LineReader, keypoint_numbers, parse_line
from mminspect.core.errors import UserError

NAMES = ('hair', 'metal')
SIZE = (80, 40)


def read(*lines: str, keypoints: int = 0) -> LineReader:
    reader = LineReader(NAMES, keypoints)
    reader.read(lines, 'a.txt', SIZE)
    return reader


def line(*values: float) -> str:
    return ' '.join(map(str, (0, *values)))


def poses(count: int, *behind: float, size: float = 0.1) -> list[str]:
    """Boxes at different places with keypoints at these places in them, -0.5..0.5 of their sides."""
    centres = np.random.default_rng(0).uniform(0.3, 0.7, (count, 2))
    return [line(*centre, size, size, *(np.array(behind).reshape(-1, 2) * size + centre).ravel()) for centre in centres]


def test_parsed_line() -> None:
    assert parse_line(' 1 0.5 0.25 0.5 0.5 ', 'x', NAMES, SIZE).xywh == (20, 0, 40, 20)
    assert parse_line('0 0.25 0.5 0.5 0.75 0.75 0.25', 'x', NAMES, SIZE).xywh == (20, 10, 40, 20)


def test_keypoints_behind_a_box_are_passed_over_wherever_they_are() -> None:
    assert parse_line('1 .5 .25 .5 .5 0 0 0 .9 .9 2', 'x', NAMES, SIZE, 6).xywh == (20, 0, 40, 20)
    assert parse_line('1 .5 .25 .5 .5', 'x', NAMES, SIZE, 6).xywh == (20, 0, 40, 20)
    for wrong in ('1 .5 .25 .5 .5 0 0', '1 .5 .25 .5 .5 0 0 0 .9 .9 2 1', '1 .5 .25 .5'):
        with pytest.raises(UserError, match='but by kpt_shape there are 11 with the class'):
            parse_line(wrong, 'x', NAMES, SIZE, 6)
    with pytest.raises(UserError, match='must be shares'):  # the box itself is looked at
        parse_line('1 5 .25 .5 .5 0 0 0 .9 .9 2', 'x', NAMES, SIZE, 6)


@pytest.mark.parametrize('behind', ['.5 .5 2', '.5 .5 2 .6 .6 2', '.5 .5 2 0 0 0 .4 .4 1'])
def test_lines_with_visibility_say_what_to_add(behind: str) -> None:
    with pytest.raises(UserError, match=rf'add kpt_shape: \[{len(behind.split()) // 3}, 3\] to data.yaml'):
        parse_line(f'0 .5 .5 .1 .1 {behind}', 'x', NAMES, SIZE)


def test_visibilities_that_are_shares_too() -> None:
    lines = [line(x, 0.5, 0.2, 0.2, x, 0.5, 1, 0.1, 0.1, 0) for x in (0.3, 0.4, 0.5, 0.6, 0.7)]
    with pytest.raises(UserError, match=r"5 lines have .* 6 numbers behind it \(first: line 1 of 'a.txt'\), .* every "
                                        r'third one is 0, 1 or 2: add kpt_shape: \[2, 3\]'):
        read(*lines).warnings()


@pytest.mark.parametrize('behind', [(0.1, 0.2), (0, 0, 0.3, 0.4), (-0.5, -0.5, 0.5, 0.5, -0.5, 0.5, 0.5, -0.5)])
def test_points_of_poses_are_no_outlines(behind: tuple[float, ...]) -> None:
    with pytest.raises(UserError, match=rf'of them are no outlines of {2 + len(behind) // 2} points: add kpt_shape: '
                                        rf'\[{len(behind) // 2}, 2\] to data.yaml, or take the numbers behind'):
        read(*poses(8, *behind)).warnings()


def test_outlines_that_cross_themselves() -> None:
    lines = [line(x, 0.302, 0.281, 0.3125, 0.5, 0.5, 0.6, 0.6, 0.1, 0.1) for x in (0.5, 0.52, 0.55, 0.6, 0.65)]
    with pytest.raises(UserError, match='5 of them are no outlines of 5 points'):
        read(*lines).warnings()


def outlines(count: int, corners: int, low: float, high: float) -> list[str]:
    """Regular polygons of one number of corners, somewhere."""
    rng = np.random.default_rng(1)
    found = []
    for x, y, radius, turned in zip(*rng.uniform(low, high, (2, count)), rng.uniform(0.02, 0.1, count),
                                    rng.uniform(0, 7, count), strict=True):
        angles = [turned + 2 * math.pi * corner / corners for corner in range(corners)]
        found.append(line(*(value for angle in angles for value in (x + radius * math.cos(angle),
                                                                    y + radius * math.sin(angle)))))
    return found


@pytest.mark.parametrize('corners', [3, 4, 5, 9])
def test_polygons_all_over_the_image_are_polygons(corners: int) -> None:
    assert read(*outlines(60, corners, 0.1, 0.9)).warnings() == []


@pytest.mark.parametrize('corners', [3, 4, 5, 9])
def test_polygons_that_could_be_boxes_are_told(corners: int) -> None:
    (told, ) = read(*outlines(20, corners, 0.3, 0.5)).warnings()
    assert told.endswith(f'taken for polygons of {corners} points, so if they are boxes with keypoints, add kpt_shape: '
                         f'[{corners - 2}, 2] to data.yaml') and told.startswith('20 lines have a box inside')


def test_few_lines_and_counts_that_differ_are_no_evidence() -> None:
    assert read(*poses(4, 0.1, 0.2)).warnings() == []
    assert read(*poses(6, 0.1, 0.2), *poses(6, 0, 0, 0.1, 0.2)).warnings() == []
    assert read(*poses(6, 0.1, 0.2), keypoints=2).warnings() == []


def test_kpt_shape() -> None:
    assert [keypoint_numbers(content, 'x') for content in ({}, dict(kpt_shape=None), dict(kpt_shape=[17, 3]),
                                                           dict(kpt_shape=[2, 2]))] == [0, 0, 51, 4]
    with pytest.raises(UserError, match=r"kpt_shape of 'x' is '\[1, 4\]'"):
        keypoint_numbers(dict(kpt_shape=[1, 4]), 'x')

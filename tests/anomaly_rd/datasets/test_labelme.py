from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from anomaly_rd.datasets.labelme import convert, read_labelme
from anomaly_rd.datasets.listing import pair_masks
from helpers import ROOT
from mminspect.core.errors import UserError

W, H = 60, 40


def painted(*, wrong: int) -> str:
    """An 8 x 9 mask as Labelme stores it, with this many bits of its pixels' check sum wrong."""
    file = io.BytesIO()
    Image.fromarray(np.full((8, 9), 255, np.uint8)).save(file, 'PNG')
    data = bytearray(file.getvalue())
    data[-13] ^= wrong
    return base64.b64encode(data).decode()


DAMAGED = painted(wrong=1)


def shape(kind: str, points: list, label: str = 'scratch') -> dict:
    return dict(label=label, shape_type=kind, points=points, group_id=None, flags={})


def write(path: Path, *shapes: dict, **more: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = dict(version='5.4', flags={}, shapes=list(shapes), imagePath=f'{path.stem}.png', imageData=None,
                imageHeight=H, imageWidth=W)
    path.write_text(json.dumps({**data, **more}))
    return path


def inside_polygon(points: list, y: float, x: float) -> bool:
    """Even-odd rule: how many edges does a ray to the right cross?"""
    crossed = 0
    for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1], strict=True):
        if (y0 > y) != (y1 > y):
            crossed += x < x0 + (y - y0) / (y1 - y0) * (x1 - x0)
    return crossed % 2 == 1


def distance_to_border(points: list, y: float, x: float) -> float:
    ends = np.array(points + points[:1], float)
    start, edge = ends[:-1], np.diff(ends, axis=0)
    along = np.clip(((np.array([x, y]) - start) * edge).sum(1) / (edge ** 2).sum(1), 0, 1)
    return float(np.hypot(*(start + along[:, None] * edge - [x, y]).T).min())


def test_polygon(tmp_path: Path) -> None:
    points = [[5.0, 4.0], [50.5, 10.2], [30.0, 18.0], [44.0, 35.5], [8.0, 30.0]]  # not convex
    mask = read_labelme(write(tmp_path / 'a.json', shape('polygon', points))).mask()
    assert mask.shape == (H, W) and set(np.unique(mask)) == {0, 255}
    for y in range(H):
        for x in range(W):
            if distance_to_border(points, y, x) > 1:
                assert (mask[y, x] == 255) == inside_polygon(points, y, x), (y, x)


def test_rectangle_and_circle(tmp_path: Path) -> None:
    drawing = read_labelme(write(tmp_path / 'a.json', shape('rectangle', [[20, 30], [10, 12]], 'a'),
                                 shape('circle', [[40, 20], [43, 24]], 'b')))
    expected = np.zeros((H, W), np.uint8)
    expected[12:31, 10:21] = 255
    np.testing.assert_array_equal(drawing.mask(['a']), expected)
    y, x = np.mgrid[:H, :W]
    away = np.hypot(y - 20, x - 40) - 5
    circle = drawing.mask(['b'])
    assert (circle[away < -0.75] == 255).all() and not circle[away > 0.75].any()
    np.testing.assert_array_equal(drawing.mask(), np.maximum(expected, circle))


def test_folders_are_kept_and_masks_pair_with_images(tmp_path: Path) -> None:
    box = shape('rectangle', [[1, 2], [3, 4]])
    write(tmp_path / 'test' / 'scratch' / '000.json', box)
    write(tmp_path / 'test' / 'dent' / '000.json', box, shape('rectangle', [[30, 30], [35, 36]], 'dent'))
    write(tmp_path / 'test' / '._hidden.json', box)
    assert convert(tmp_path / 'test', tmp_path / 'gt')[0] == '2 masks of dent, scratch'
    written = sorted(path.relative_to(tmp_path / 'gt').as_posix() for path in (tmp_path / 'gt').rglob('*.*'))
    assert written == ['dent/000_mask.png', 'scratch/000_mask.png']
    image = Image.open(tmp_path / 'gt' / 'dent' / '000_mask.png')
    assert (image.mode, image.size, np.asarray(image).sum() // 255) == ('L', (W, H), 9 + 42)
    assert pair_masks([tmp_path / 'test/dent/000.png'], tmp_path / 'gt/dent') == [tmp_path / 'gt/dent/000_mask.png']


def test_chosen_labels(tmp_path: Path) -> None:
    write(tmp_path / 'in' / 'a.json', shape('rectangle', [[1, 2], [3, 4]]),
          shape('circle', [[20, 20], [25, 20]], 'dent'))
    write(tmp_path / 'in' / 'b.json', shape('rectangle', [[1, 2], [3, 4]]))
    lines = convert(tmp_path / 'in', tmp_path / 'out', ['dent'], suffix='')
    assert lines == ['2 masks of dent', '1 of them are empty, because their files have no such shape']
    assert not np.asarray(Image.open(tmp_path / 'out' / 'b.png')).any()
    assert np.asarray(Image.open(tmp_path / 'out' / 'a.png'))[3, 2] == 0
    with pytest.raises(UserError, match="has the label 'dents': there are dent, scratch"):
        convert(tmp_path / 'in', tmp_path / 'out', ['dents'])


def test_shapes_without_an_area_are_left_out_and_counted(tmp_path: Path) -> None:
    box = shape('rectangle', [[1, 2], [3, 4]])
    write(tmp_path / 'in' / 'a.json', shape('point', [[30, 30]]), box, shape('line', [[1, 2], [9, 9]], 'crack'),
          shape('point', [[31, 30]]))
    write(tmp_path / 'in' / 'b.json', box)
    lines = convert(tmp_path / 'in', tmp_path / 'out')
    assert lines[0] == '2 masks of scratch' and len(lines) == 2
    assert lines[1].startswith('warning: left out') and lines[1].endswith('no area: 1 line, 2 point')
    assert 'a.json' in lines[1]
    both = [np.asarray(Image.open(tmp_path / 'out' / f'{name}_mask.png')) for name in 'ab']
    np.testing.assert_array_equal(*both)


def test_painted_mask(tmp_path: Path) -> None:
    """Labelme's tool for painting keeps a PNG of 0 and 1 between two corners."""
    painted, file = np.random.default_rng(0).integers(0, 2, (5, 8), np.uint8), io.BytesIO()
    Image.fromarray(painted).save(file, 'PNG')
    png = base64.b64encode(file.getvalue()).decode()
    drawing = read_labelme(write(tmp_path / 'a.json', dict(shape('mask', [[10, 20], [17, 24]]), mask=png)))
    expected = np.zeros((H, W), np.uint8)
    expected[20:25, 10:18] = 255 * painted
    np.testing.assert_array_equal(drawing.mask(), expected)
    assert drawing.skipped == ()


def png(pixels: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, 'PNG')
    return base64.b64encode(file.getvalue()).decode()


@pytest.mark.parametrize(('corners', 'refused'), [
    ([[10, 20], [17, 24]], False), ([[10.4, 19.6], [17.4, 24.4]], False), ([[17, 24], [10, 20]], False),
    ([[10, 20], [18, 25]], False), ([[10, 20], [15, 24]], True), ([[10, 20], [17, 28]], True),
    ([[0, 0], [W - 1, H - 1]], True)])
def test_painted_masks_are_as_large_as_their_corners_say(tmp_path: Path, corners: list, refused: bool) -> None:
    mask = np.ones((5, 8), np.uint8)
    path = write(tmp_path / 'a.json', dict(shape('mask', corners), mask=png(mask)))
    if refused:
        with pytest.raises(UserError, match=r"a\.json': the painted mask 'scratch' has 8x5 pixels, but there are"):
            read_labelme(path)
    else:
        expected = np.zeros((H, W), np.uint8)
        expected[20:25, 10:18] = 255
        np.testing.assert_array_equal(read_labelme(path).mask(), expected)


def test_alpha_of_painted_masks(tmp_path: Path) -> None:
    """What is transparent is not painted, whatever its colour; where all is opaque, colour says it."""
    inside = np.random.default_rng(0).integers(0, 2, (5, 8)).astype(bool)
    colours = {(0, 0, 0): inside, (255, 255, 255): inside, (255, 0, 0): inside}
    pictures = [np.dstack([np.full((5, 8, 3), colour, np.uint8), 255 * drawn.astype(np.uint8)])
                for colour, drawn in colours.items()]
    opaque = np.dstack([255 * inside.astype(np.uint8)] * 3 + [np.full((5, 8), 255, np.uint8)])
    grey = np.dstack([np.zeros((5, 8), np.uint8), 255 * inside.astype(np.uint8)])
    for picture in (*pictures, opaque, grey):
        path = write(tmp_path / 'a.json', dict(shape('mask', [[10, 20], [17, 24]]), mask=png(picture)))
        np.testing.assert_array_equal(read_labelme(path).mask()[20:25, 10:18], 255 * inside)


def test_a_painted_mask_of_nothing_is_told(tmp_path: Path) -> None:
    write(tmp_path / 'in' / 'a.json', dict(shape('mask', [[1, 2], [8, 6]]), mask=png(np.zeros((5, 8), np.uint8))))
    assert convert(tmp_path / 'in', tmp_path / 'out')[1:] == [
        '1 of them are empty, because their shapes lie outside of the image, or nothing is painted in them']


def test_points_in_shares_of_the_image_are_refused(tmp_path: Path) -> None:
    shares = [[0.1, 0.2], [0.5, 0.2], [0.3, 1.0]]
    with pytest.raises(UserError, match=r"a\.json': all points of its 1 shapes lie .* \(first: 0\.1, 0\.2\)"):
        read_labelme(write(tmp_path / 'a.json', shape('polygon', shares)))
    drawing = read_labelme(write(tmp_path / 'b.json', shape('polygon', shares), shape('rectangle', [[3, 3], [9, 9]])))
    assert len(drawing.outlines) == 2  # a small shape in the corner is none of shares
    assert read_labelme(write(tmp_path / 'c.json', shape('rectangle', [[0, 0], [1, 1]]))).mask().sum() == 4 * 255


@pytest.mark.parametrize('kind', ['polyline', 'curve', 'keypoints', 'Line_Strip', 'multipoint', 'bezier_path'])
def test_lines_and_points_of_other_names_have_no_area(tmp_path: Path, kind: str) -> None:
    write(tmp_path / 'in' / 'a.json', shape(kind, CORNERS), shape('rectangle', [[1, 2], [3, 4]]))
    lines = convert(tmp_path / 'in', tmp_path / 'out')
    assert len(lines) == 2 and lines[1].endswith(f'unknown (draw them as polygons): 1 {kind}')
    assert np.asarray(Image.open(tmp_path / 'out' / 'a_mask.png')).sum() == 9 * 255


def test_two_files_of_one_mask_are_refused(tmp_path: Path) -> None:
    for name in ('a.json', 'a.JSON'):
        write(tmp_path / 'in' / name, shape('rectangle', [[1, 2], [3, 4]]))
    with pytest.raises(UserError, match=r"in/a\.JSON' and '.*in/a\.json' would both write '.*out/a_mask\.png'"):
        convert(tmp_path / 'in', tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(('shapes', 'more', 'message'), [
    ([dict(shape('mask', [[1, 2], [3, 4]]), mask='no picture')], {}, "the painted mask 'scratch' is no PNG in base64"),
    ([shape('mask', [[1, 2], [3, 4]])], {}, r"KeyError: 'mask'"),
    ([shape('polygon', [[1, 2], [3, 4]])], {}, r"bad\.json': the polygon 'scratch' has 2 points instead of at least 3"),
    ([shape('circle', [[1, 2], [3, float('nan')]])], {}, 'points that are no numbers'),
    ([shape('circle', [[1, 2], [3]])], {}, 'is not a complete JSON file of Labelme'),
    ([], dict(imageHeight=None), 'is not a complete JSON file of Labelme'),
    ([], dict(imageHeight=0), 'has an image of 60x0 pixels'),
    ([], dict(shapes=None), 'is not a complete JSON file of Labelme'),
    ([dict(points=[[1, 1], [2, 2], [3, 1]])], {}, r"KeyError: 'label'")])
def test_bad_files_leave_nothing_behind(tmp_path: Path, shapes: list, more: dict, message: str) -> None:
    write(tmp_path / 'in' / 'a.json', shape('rectangle', [[1, 2], [3, 4]]))
    write(tmp_path / 'in' / 'bad.json', *shapes, **more)
    with pytest.raises(UserError, match=message):
        convert(tmp_path / 'in', tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(('text', 'message'), [
    ('', 'is empty'), ('{"shapes": [', 'is not valid JSON'), ('[1, 2]', 'is not a complete JSON file of Labelme'),
    ('"text"', 'is not a complete JSON file of Labelme'), ('[' * 100_000, 'is not valid JSON')])
def test_other_json(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / 'a.json').write_text(text)
    with pytest.raises(UserError, match=rf"a\.json' {message}"):
        convert(tmp_path, tmp_path / 'out')


CORNERS = [[10, 20], [50, 20], [50, 40], [10, 40]]
CASES = ROOT / 'tests' / 'cases' / 'labelme'


@pytest.mark.parametrize('name', ['rectangle_four_corners/a', 'rectangle_four_corners/b', 'oriented/a', 'bom/a'])
def test_cases_of_four_corners(name: str) -> None:
    """Ends included: 41 columns times 21 rows."""
    mask = read_labelme(CASES / f'{name}.json').mask()
    assert mask[20:41, 10:51].all() and (mask > 0).sum() == 861 == 41 * 21


def test_case_of_a_capital_suffix() -> None:
    with pytest.raises(UserError, match=r"jpg_upper/a\.json' was drawn on 80x60 pixels, but '.*a\.JPG' has 40x30"):
        convert(CASES / 'jpg_upper', CASES.parent / 'never')


def test_case_of_gbk() -> None:
    with pytest.raises(UserError, match=r"gbk/a\.json' is not utf-8 text \(line 1, byte 52\): save it as UTF-8"):
        read_labelme(CASES / 'gbk' / 'a.json')


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16', 'utf-32'])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / 'a.json', shape('rectangle', [[1, 2], [3, 4]], '\u5212\u75d5'))
    text = json.dumps(json.loads(path.read_text()), ensure_ascii=False)
    path.write_bytes(text.encode(encoding))
    assert [outline.label for outline in read_labelme(path).outlines] == ['\u5212\u75d5']


@pytest.mark.parametrize('kind', ['rectangle', 'rotation', 'oriented_rectangle', 'quadrilateral', 'obb'])
@pytest.mark.parametrize('order', [(0, 1, 2, 3), (3, 2, 1, 0), (0, 2, 1, 3)])
def test_four_corners_of_any_kind_in_any_order(tmp_path: Path, kind: str, order: tuple) -> None:
    drawing = read_labelme(write(tmp_path / 'a.json', shape(kind, [CORNERS[i] for i in order]), imageWidth=80,
                                 imageHeight=60))
    assert (drawing.mask() > 0).sum() == 861 and drawing.skipped == drawing.unknown == ()


def test_turned_rectangle(tmp_path: Path) -> None:
    corners = [[30.0, 5.0], [45.0, 20.0], [30.0, 35.0], [15.0, 20.0]]
    mask = read_labelme(write(tmp_path / 'a.json', shape('rotation', corners))).mask()
    for y in range(H):
        for x in range(W):
            if distance_to_border(corners, y, x) > 1:
                assert (mask[y, x] == 255) == inside_polygon(corners, y, x), (y, x)


def test_unknown_kinds_are_named(tmp_path: Path) -> None:
    write(tmp_path / 'in' / 'a.json', shape('rectangle', [[1, 2], [3, 4]]), shape('cuboid', [[1, 2]] * 8),
          shape('ellipse', [[1, 2], [3, 4]]), shape('tag', None), shape('point', None))
    lines = convert(tmp_path / 'in', tmp_path / 'out')
    assert len(lines) == 3 and lines[1].endswith('no area: 1 point')
    assert lines[2].endswith('unknown (draw them as polygons): 1 cuboid, 1 ellipse, 1 tag') and 'a.json' in lines[2]


@pytest.mark.parametrize(('shapes', 'more', 'message'), [
    ([dict(shape('mask', [[1, 2], [3, 4]]), mask='aGVsbG8=')], {}, 'is no PNG in base64'),
    ([dict(shape('mask', [[1, 2], [3, 4]]), mask=7)], {}, 'shape 1 is damaged'),
    ([dict(shape('mask', [[1, 2], [9, 9]]), mask=DAMAGED)], {}, "the painted mask 'scratch' is no PNG in base64"),
    *(([shape('polygon', [[1, 1], [9, 1], [5, 9]], label)], {}, r'shape 1 is damaged \(TypeError: label is')
      for label in (None, ['a'], {}, True, 1.5)),
    *(([shape(kind, [[1, 1], [9, 1], [5, 9]])], {}, r'shape 1 is damaged \(TypeError: shape_type is')
      for kind in ({}, [], 0, False, 3)),
    ([shape('point', []), 7], {}, 'shape 2 is damaged'), ([shape('polygon', 'text')], {}, 'shape 1 is damaged'),
    ([shape('polygon', [[1, 1], [2, 'x'], [3, 3]])], {}, 'shape 1 is damaged'),
    ([shape(['polygon'], [[1, 1]])], {}, 'shape 1 is damaged'),
    ([shape('polygon', [[1, 1], [10**400, 2], [3, 3]])], {}, 'shape 1 is damaged'),
    ([shape('polygon', [[1, 1], [1e30, 2], [3, 3]])], {}, r'a point at 1e\+30, 2, far outside of its image'),
    ([shape('circle', [[1, 1], [-61, 2]])], {}, 'far outside of its image of 60x40'),
    ([shape('rectangle', [[1, 1], [2, 2], [3, 1]])], {}, 'has 3 points instead of 2 or 4'),
    ([], dict(imageWidth=10**9, imageHeight=10**9), 'has an image of 1000000000x1000000000 pixels'),
    ([], dict(imageWidth=float('nan')), "its imageWidth is 'nan'"),
    ([], dict(imageWidth=10**400), "imageWidth is '1000"), ([], dict(imageWidth=60.5), "imageWidth is '60.5'"),
    ([], dict(imageWidth=True), "imageWidth is 'True'"), ([], dict(imageHeight=None), 'imageHeight is missing'),
    ([], dict(shapes={}), "has no list 'shapes'")])
def test_damage_is_one_sentence_with_file_and_place(tmp_path: Path, shapes: list, more: dict, message: str) -> None:
    path = write(tmp_path / 'bad.json', *shapes, **more)
    with pytest.raises(UserError, match=message) as error:
        read_labelme(path)
    assert 'bad.json' in str(error.value) and '\n' not in str(error.value) and ': ' in str(error.value)


def test_shapes_that_reach_over_the_border_are_told(tmp_path: Path) -> None:
    """A pixel is rounding; more is a slip of the hand, a digit that changed, or another image."""
    write(tmp_path / 'in' / 'a.json', shape('polygon', [[6, 7], [W + 1, 9], [15, 15]]))
    assert convert(tmp_path / 'in', tmp_path / 'out') == ['1 masks of scratch']
    write(tmp_path / 'in' / 'a.json', shape('polygon', [[6, 7], [W + 14, 9], [15, 15]]),
          shape('rectangle', [[-3, 3], [9, 9]], 'dent'), shape('circle', [[9, 9], [12, 9]]))
    assert convert(tmp_path / 'in', tmp_path / 'out') == ['1 masks of dent, scratch', (
        f"warning: 2 shapes of '{tmp_path / 'in' / 'a.json'}' reach over the border of its image, where they are cut "
        'off (first: scratch, dent): look whether they were drawn on it')]


def test_labels_that_are_numbers_and_kinds_that_are_not_said(tmp_path: Path) -> None:
    points = [[1, 1], [9, 1], [5, 9]]
    drawing = read_labelme(write(tmp_path / 'a.json', shape(None, points, 3), shape('', points), dict(
        shape('mask', [[1, 2], [9, 9]]), mask=painted(wrong=0))))
    assert [(one.label, one.kind) for one in drawing.outlines] == [
        ('3', 'polygon'), ('scratch', 'polygon'), ('scratch', 'mask')]


def test_sizes_as_text_and_as_floats(tmp_path: Path) -> None:
    assert read_labelme(write(tmp_path / 'a.json', imageWidth='60', imageHeight=40.0)).size == (60, 40)


def test_shapes_outside_of_the_image_are_told(tmp_path: Path) -> None:
    write(tmp_path / 'in' / 'a.json', shape('rectangle', [[70, 2], [80, 4]]))
    lines = convert(tmp_path / 'in', tmp_path / 'out')
    assert lines[1:] == ['1 of them are empty, because their shapes lie outside of the image']


@pytest.mark.parametrize('name', ['a.JPG', 'a.Png', 'a.jfif', 'other/b.png'])
def test_the_image_is_found_by_any_suffix_and_by_the_name_in_the_file(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / 'a.JSON', shape('rectangle', [[1, 2], [3, 4]]), imagePath='other\\b.png')
    (tmp_path / 'other').mkdir()
    Image.new('L', (W, H + 1)).save(tmp_path / name, 'JPEG')
    with pytest.raises(UserError, match=rf'but .*{name}. has 60x41'):
        convert(path.parent, tmp_path / 'out')


def test_folders_of_systems_are_left_out(tmp_path: Path) -> None:
    write(tmp_path / 'in' / 'a.json', shape('rectangle', [[1, 2], [3, 4]]))
    (tmp_path / 'in' / '@eaDir').mkdir()
    (tmp_path / 'in' / '@eaDir' / 'a.json').write_text('thumbnail')
    (tmp_path / 'in' / 'a.png').touch()
    assert convert(tmp_path / 'in', tmp_path / 'out') == [
        '1 masks of scratch', 'warning: 1 JSON file taken; left out: 1 in folders of the system (first: '
        f"{tmp_path / 'in' / '@eaDir' / 'a.json'})"]


def test_no_json(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / 'none'):
        with pytest.raises(UserError, match='there is no JSON file'):
            convert(folder, tmp_path / 'out')


def test_out_is_another_folder(tmp_path: Path) -> None:
    write(tmp_path / 'test' / 'a.json', shape('rectangle', [[1, 1], [3, 3]]))
    (tmp_path / 'file').touch()
    for out, words in ((tmp_path / 'file', 'is a file: name a folder'), (tmp_path / 'test', 'taken for images')):
        with pytest.raises(UserError, match=words):
            convert(tmp_path / 'test', out)


def test_drawing_of_another_size_than_its_image(tmp_path: Path) -> None:
    drawn = write(tmp_path / 'a.json', shape('rectangle', [[1, 1], [3, 3]]))
    size = read_labelme(drawn).size
    Image.new('L', size).save(tmp_path / 'a.png')
    convert(tmp_path, tmp_path / 'out')
    Image.new('L', (size[0] + 1, size[1])).save(tmp_path / 'a.png')
    with pytest.raises(UserError, match=rf"drawn on {size[0]}x{size[1]} pixels, but '.*a\.png' has"):
        convert(tmp_path, tmp_path / 'out')

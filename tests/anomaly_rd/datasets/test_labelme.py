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
from mminspect.core.errors import UserError

W, H = 60, 40


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
    assert convert(tmp_path / 'test', tmp_path / 'gt') == ['2 masks of dent, scratch']
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


@pytest.mark.parametrize(('shapes', 'more', 'message'), [
    ([dict(shape('mask', [[1, 2], [3, 4]]), mask='no picture')], {}, 'is not a complete JSON file of Labelme'),
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


@pytest.mark.parametrize('text', ['', '{"shapes": [', '[1, 2]', '"text"'])
def test_other_json(tmp_path: Path, text: str) -> None:
    (tmp_path / 'a.json').write_text(text)
    with pytest.raises(UserError, match=r"a\.json' is not a complete JSON file of Labelme"):
        convert(tmp_path, tmp_path / 'out')


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

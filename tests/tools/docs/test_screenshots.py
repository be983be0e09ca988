"""The pictures in docs/images: which there are, and how a station comes to show the same every time."""
from __future__ import annotations

import io
import json
import re
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip('django', reason='the station is an extra: pip install .[web]')

from helpers import ROOT, load_tool
from mminspect.core.errors import UserError
from mminspect.vision.images import encode_png
from station_model import write_model
from station_site import picture

screenshots = load_tool('docs/screenshots')


def part(seed: int, spot: int = 128) -> bytes:
    """No two look the same to the sieve before the model."""
    pixels = picture(spot, (64, 64))
    pixels[24:] = np.random.default_rng(seed).integers(108, 148, (1, 64, 1)).repeat(40, axis=0)
    return encode_png(pixels)


@pytest.fixture(scope='module')
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make station` leaves, with a model that says how far from grey a picture is."""
    folder = tmp_path_factory.mktemp('demo')
    write_model(folder / 'model.onnx')
    for kind, parts in dict(good=[(0, 128), (1, 150)], hole=[(2, 210), (3, 230)], stain=[(4, 255)]).items():
        place = folder / 'data' / 'textures' / 'weave' / 'test' / kind
        place.mkdir(parents=True)
        for number, (seed, spot) in enumerate(parts):
            (place / f'{number:03d}.png').write_bytes(part(seed, spot))
    return folder


def test_a_demo_is_found(demo: Path) -> None:
    found = screenshots.find_demo(demo)
    assert found.model == demo / 'model.onnx' and [path.name for path in found.good] == ['000.png', '001.png']
    assert [path.parent.name for path in found.defective] == ['hole', 'stain']  # in turn, as long as each has one


@pytest.mark.parametrize(('missing', 'words'), [('model.onnx', 'the one exported model (*.onnx)'),
                                                ('data', 'the test pictures of the demo')])
def test_what_the_demo_has_not_made_is_said_in_a_sentence(demo: Path, tmp_path: Path, call: Callable, missing: str,
                                                          words: str) -> None:
    for path in demo.iterdir():
        if path.name != missing:
            (tmp_path / path.name).symlink_to(path)
    status, said, error = call('docs/screenshots', 'scores', '--demo', tmp_path, '--out', tmp_path / 'out')
    assert (status, said) == (2, '') and not (tmp_path / 'out').exists()
    assert words in error and '`make station`' in error and 'once' in error and str(tmp_path) in error
    status, _, error = call('docs/screenshots', 'demo', '--demo', tmp_path)
    assert status == 2 and 'run `make demo`' in error and len(error.splitlines()) == 1


def test_pictures_that_do_not_exist_are_refused(call: Callable) -> None:
    status, _, error = call('docs/screenshots', 'scores', 'settings')
    assert status == 2 and 'there is no picture settings: choose from inspect, live, ' in error


def test_a_station_is_filled_with_the_same_records_every_time(demo: Path) -> None:
    found = screenshots.find_demo(demo)
    with screenshots.running(found.model) as station:
        surest, frame = screenshots.fill(station, found)
        answer = station.ask('GET', '/api/records?per_page=100')['records']
    assert frame.parent.name == 'stain' and surest == str(uuid.uuid5(uuid.NAMESPACE_URL, 'stain_000.png'))
    uploads, frames = ([record for record in answer if record['source'] == source] for source in ('upload', 'camera'))
    assert {record['id'] for record in uploads} == {str(uuid.uuid5(uuid.NAMESPACE_URL, record['name']))
                                                    for record in uploads}
    assert [record['created'] for record in uploads] == [f'2026-01-31T14:20:{21 - 7 * i:02d}+00:00' for i in range(4)]
    assert [record['created'] for record in frames] == [
        f'2026-01-31T14:0{7 * i // 60}:{7 * i % 60:02d}+00:00' for i in reversed(range(screenshots.FRAMES))]
    assert {record['camera'] for record in frames} == {'line1'} and frames[0]['score'] > 0.9  # the surest defect
    assert all(record['ms'] is None for record in answer)
    assert {record['name']: record['mark'] for record in uploads} == {
        'good_000.png': 'good', 'good_001.png': '', 'hole_000.png': '', 'stain_000.png': 'defect'}


def test_a_model_that_does_not_run_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / 'broken.onnx').write_bytes(b'no model')
    with pytest.raises(UserError, match=r'the station does not start: .*broken\.onnx is damaged'), \
            screenshots.running(tmp_path / 'broken.onnx'):
        pass


def test_pages_are_the_same_every_time_and_as_wide_as_their_windows(demo: Path) -> None:
    pytest.importorskip('playwright.sync_api', reason='needs the Python package playwright')
    if not shutil.which('chromium'):
        pytest.skip('needs the program chromium: tools/install_browser.sh installs it')
    found, seen = screenshots.find_demo(demo), []
    for names in (['record', 'live'], ['record']):
        with screenshots.running(found.model) as station:
            seen.append(dict(screenshots.photograph(station, names, *screenshots.fill(station, found))))
    pictures = [{name: Image.open(io.BytesIO(png)) for name, png in made.items()} for made in seen]
    assert {name: picture.size for name, picture in pictures[0].items()} == {
        'station_live.png': (1280, 810), 'station_live_390.png': (390, 844), 'station_record.png': (1280, 930),
        'station_record_390.png': (390, 844)}
    assert len(pictures[1]) == 2
    for name, again in pictures[1].items():
        assert np.array_equal(np.asarray(pictures[0][name]), np.asarray(again)), name


@pytest.mark.parametrize(('limit', 'colours'), [(5000, 256), (4600, 192), (4200, 128), (3800, 96), (100, 64)])
def test_pictures_have_as_many_colours_as_fit(limit: int, colours: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    made = screenshots.small(encode_png(noise), limit)
    assert len(Image.open(io.BytesIO(made)).convert('RGB').getcolors()) == colours
    assert (len(made) <= limit) == (colours > 64)


def test_colours_of_a_legend_are_kept_beside_a_large_grey_picture() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (200, 200, 1), np.uint8).repeat(3, axis=2)
    legend = np.stack([np.arange(0, 200), np.arange(200, 0, -1), np.full(200, 255)], axis=1).astype(np.uint8)
    grey[100] = legend
    reduced = np.asarray(screenshots.with_palette(Image.fromarray(grey), 64).convert('RGB')).astype(int)
    assert reduced.shape == grey.shape and len(np.unique(reduced[100], axis=0)) >= 8
    assert np.abs(reduced[100] - legend).max() <= 16


def test_pictures_of_few_colours_stay_as_they_are() -> None:
    made = Image.open(io.BytesIO(screenshots.small(encode_png(picture(200))))).convert('RGB')
    assert np.array_equal(np.asarray(made), picture(200))


def test_the_bottle_is_the_fullest_one_with_the_detections_below_the_truth(tmp_path: Path) -> None:
    pictures, annotations = tmp_path / 'fdrd_small_vials' / 'pictures', tmp_path / 'data' / 'vials' / 'annotations'
    for folder in (pictures, annotations):
        folder.mkdir(parents=True)
    for number, name in enumerate(('a', 'b_1', 'c')):
        halves = [np.full((4, 6, 3), value + number, np.uint8) for value in (10, 200)]
        (pictures / f'{number:04d}_{name}.png').write_bytes(encode_png(np.concatenate(halves, axis=1)))
    images = [dict(id=i, file_name=f'{name}.png') for i, name in enumerate(('c', 'b_1', 'not tested'))]
    (annotations / 'val.json').write_text(json.dumps(dict(
        images=images, annotations=[dict(image_id=i) for i in (0, 1, 1, 2, 2, 2)])))
    made = np.asarray(Image.open(io.BytesIO(screenshots.bottle(tmp_path))))
    assert made.shape == (8, 6, 3) and (made[:4] == 11).all() and (made[4:] == 201).all()


def test_the_docs_show_what_is_made_and_nothing_else() -> None:
    shown = {Path(name).name for page in (ROOT / 'README.md', *(ROOT / 'docs').glob('*.md'))
             for name in re.findall(r'\]\(([^)\s]*images/[^)\s]+\.png)\)', page.read_text())}
    assert shown == set(screenshots.file_names()) == {path.name for path in (ROOT / 'docs' / 'images').glob('*.png')}


@pytest.mark.parametrize('name', screenshots.file_names())
def test_the_pictures_are_of_their_width_and_small(name: str) -> None:
    path = ROOT / 'docs' / 'images' / name
    assert path.stat().st_size <= 1.2 * screenshots.LIMIT
    if name.startswith('station_'):
        assert Image.open(path).width == (390 if '_390' in name else 1280)

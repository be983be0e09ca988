"""Make the pictures in docs/images: the station's pages as browsers of 1280 and of 390 pixels show them, and a bottle.

Example::

    make demo && make station                              # once; Ctrl-C ends the station
    python tools/docs/screenshots.py                       # everything, into docs/images
    python tools/docs/screenshots.py record live --out look

A station with the demo's model gets the demo's test pictures, as uploads and as the frames of a camera. Times and
identifiers are set and the milliseconds of this machine are left out, so that the same demo, browser and fonts give the
same files. The browser is Debian's: tools/install_browser.sh.
"""
from __future__ import annotations

import argparse
import http.client
import io
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PIL import Image

from mminspect.core import cli
from mminspect.core.errors import UserError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

ROOT = Path(__file__).resolve().parents[2]
CAMERA, TOKEN = 'line1', 'token-of-the-screenshots'
#: Pixels are vivid whose channels differ by more, 0..255; each counts like so many others when colours are chosen.
VIVID, WEIGHT = 100, 40
#: Options of the browser with which the same page is always drawn alike.
SAME_PIXELS = ('--num-raster-threads=1', '--disable-partial-raster', '--disable-checker-imaging',
               '--disable-skia-runtime-opts', '--force-color-profile=srgb', '--disable-lcd-text')
#: Bytes of a picture, if a palette can do it.
LIMIT = 150_000
#: Milliseconds after which the camera's counters are told again.
COUNTED = 600
#: Frames of the camera that are inspected before anybody looks.
FRAMES = 12
#: When the first upload and the first frame came, and seconds from one to the next.
UPLOADED, SEEN, PAUSE = datetime(2026, 1, 31, 14, 20), datetime(2026, 1, 31, 14), 7
#: Where each page is, what it shows when it is ready, and the pixels of its height in a wide window.
PAGES = dict(inspect=('/', '#newest .boxes', 690), live=(f'/live/{CAMERA}', '#last .boxes', 810),
             records=('/records', '.records img', 880), record=('/records/{record}', '#layers .boxes', 930),
             scores=('/scores', '#chart a', 990))
#: Width of a window: its height, None for that of the page in :data:`PAGES`.
WINDOWS = {1280: None, 390: 844}
BOTTLE = 'demo'
#: Folders with the detections of a distilled student, drawn beside the ground truth.
STUDENTS = 'fdrd_*_vials/pictures'


class Demo(NamedTuple):
    """What the demo has left.

    Attributes:
        model: Exported and calibrated anomaly model.
        good: Test pictures of good parts.
        defective: Test pictures of the others, of each kind in turn.
    """

    model: Path
    good: list[Path]
    defective: list[Path]


class Station(NamedTuple):
    """A running one: its port and its folder."""

    port: int
    data: Path

    def ask(self, method: str, path: str, body: bytes = b'', kind: str = 'image/png') -> Any:
        """What it answers.

        Raises:
            UserError: It refuses.
        """
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=180)
        connection.request(method, path, body or None, {'Authorization': f'Bearer {TOKEN}', 'Content-Type': kind})
        response = connection.getresponse()
        answer = json.loads(response.read())
        connection.close()
        if response.status >= 400:
            raise UserError(f'the station refuses {path}: {answer.get("error")}')
        return answer


def find_demo(folder: Path) -> Demo:
    """The model and the test pictures of a demo.

    Raises:
        UserError: Something of it has not been made.
    """
    models, tests = sorted(folder.glob('*.onnx')), folder / 'data' / 'textures' / 'weave' / 'test'
    if len(models) != 1:
        raise UserError(f'the screenshots need the one exported model (*.onnx) that `make station` leaves in {folder}, '
                        f'which has {len(models)}: run it once and end it with Ctrl-C')
    kinds = [sorted(kind.glob('*.png')) for kind in sorted(tests.glob('*')) if kind.name != 'good']
    defective = [picture for row in zip(*kinds, strict=False) for picture in row]
    good = sorted(tests.glob('good/*.png'))
    if not good or not defective:
        raise UserError(f'the screenshots need the test pictures of the demo in {tests}/good and beside it: run '
                        '`make station` once and end it with Ctrl-C')
    return Demo(models[0], good, defective)


@contextmanager
def running(model: Path) -> Iterator[Station]:
    """A station with an empty data folder; its model has been loaded.

    Raises:
        UserError: It does not start, or its model does not.
    """
    with tempfile.TemporaryDirectory(prefix='screenshots-') as folder:
        clean = {name: value for name, value in os.environ.items()
                 if not name.startswith('STATION_') and name != 'DJANGO_SETTINGS_MODULE'}
        command = [sys.executable, '-W', 'ignore', str(ROOT / 'tools' / 'station.py'), '--port', '0', '--data', folder,
                   '--model', str(model)]
        with Path(folder, 'log').open('w+') as log:
            process = subprocess.Popen(command, env=dict(clean, TZ='UTC', STATION_TOKEN=TOKEN), text=True,
                                       stdout=subprocess.PIPE, stderr=log)
            try:
                if not (port := re.search(r':(\d+)/', process.stdout.readline())):
                    raise UserError(f'the station does not start: {Path(folder, "log").read_text().strip()}')
                station = Station(int(port[1]), Path(folder))
                until(lambda: is_ready(station), 'the station does not load its model', 180)
                yield station
            finally:
                process.terminate()
                process.communicate()


def is_ready(station: Station) -> bool:
    """Whether the model has been loaded."""
    try:
        state = station.ask('GET', '/api/status')
    except OSError:
        return False
    if state['state'] == 'failed':
        raise UserError(f'the model does not run: {state["message"]}')
    return state['state'] == 'running'


def until(happens: Callable[[], bool], otherwise: str, seconds: float = 30) -> None:
    """Wait for something; a :class:`UserError` with this sentence if it does not happen."""
    end = time.monotonic() + seconds
    while not happens():
        if time.monotonic() > end:
            raise UserError(f'{otherwise} ({seconds:.0f} s)')
        time.sleep(0.05)


def upload(station: Station, pictures: Sequence[Path]) -> list[dict[str, Any]]:
    """The records of uploads; their identifiers follow from the names of the files."""
    edge, body = uuid.uuid5(uuid.NAMESPACE_URL, 'edge').hex, b''
    for picture in pictures:
        name = f'{picture.parent.name}_{picture.name}'
        for field, data in (('id', str(uuid.uuid5(uuid.NAMESPACE_URL, name)).encode()),
                            (f'image"; filename="{name}', picture.read_bytes())):
            body += f'--{edge}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n'.encode() + data + b'\r\n'
    kind = f'multipart/form-data; boundary={edge}'
    return station.ask('POST', '/api/detect?wait=120', body + f'--{edge}--\r\n'.encode(), kind)['results']


def film(station: Station, frames: Sequence[Path]) -> None:
    """Send frames of a camera, each when the one before has its record, so that none is skipped."""
    for frame in frames:
        count = count_frames(station)
        if station.ask('POST', f'/api/ingest/{CAMERA}', frame.read_bytes())['accepted']:
            until(lambda: count_frames(station) > count, f'frame {frame} is not inspected')  # noqa: B023 (called at once)


def count_frames(station: Station) -> int:
    """Records of the camera."""
    return station.ask('GET', f'/api/records?source={CAMERA}')['count']


def set_clock(station: Station, marks: dict[str, str]) -> None:
    """Give every record its time, leave out what this machine needed, and mark records (identifier: mark)."""
    with sqlite3.connect(station.data / 'station.sqlite3', timeout=30) as database:
        for source, first in (('upload', UPLOADED), ('camera', SEEN)):
            rows = database.execute('SELECT id FROM records_record WHERE source = ? ORDER BY created, id', (source, ))
            times = [(first + number * timedelta(seconds=PAUSE), *row) for number, row in enumerate(rows.fetchall())]
            database.executemany('UPDATE records_record SET milliseconds = \'{}\', created = ? WHERE id = ?',
                                 [(str(when), record_id) for when, record_id in times])
        database.executemany('UPDATE records_record SET mark = ?, marked_at = ? WHERE id = ?',
                             [(mark, str(UPLOADED), record_id.replace('-', '')) for record_id, mark in marks.items()])
        database.execute('UPDATE records_thresholdchange SET created = ?', (str(SEEN), ))
    database.close()


def fill(station: Station, demo: Demo) -> tuple[str, Path]:
    """Inspect the demo's pictures.

    Returns:
        The record that the page of one record shows, and the last frame of the camera: the defect of which the model is
        surest, as both.
    """
    pictures = [*demo.good, *demo.defective]
    random.Random(0).shuffle(pictures)
    records = dict(zip(pictures, upload(station, pictures), strict=True))
    surest = max(demo.defective, key=lambda picture: records[picture]['score'])
    film(station, [*(demo.good * FRAMES)[:FRAMES - 4], *demo.defective[:2], demo.good[-1], surest])
    set_clock(station, {records[surest]['id']: 'defect', records[demo.good[0]]['id']: 'good'})
    return records[surest]['id'], surest


def launch(playwright: Playwright) -> Browser:
    """Debian's browser without a screen.

    Raises:
        UserError: There is none.
    """
    if not (chromium := shutil.which('chromium')):
        raise UserError('the screenshots need a browser: run tools/install_browser.sh as root')
    return playwright.chromium.launch(executable_path=chromium, args=[
        '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', *SAME_PIXELS])


def photograph(station: Station, names: Sequence[str], record: str, frame: Path) -> Iterator[tuple[str, bytes]]:
    """(name of the file, PNG) of each page in each window."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise UserError(f'the screenshots need what the tests need ({error}): pip install ".[tests]"') from error
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for name in names:
            address, ready, height = PAGES[name]
            for width, own_height in WINDOWS.items():
                viewport = dict(width=width, height=own_height or height)
                page = browser.new_page(
                    base_url=f'http://127.0.0.1:{station.port}', viewport=viewport,
                    locale='en-GB', timezone_id='UTC', color_scheme='light', reduced_motion='reduce')
                page.goto(address.format(record=record))
                page.wait_for_selector(f'{ready} >> nth=0', state='attached')
                if name == 'live':
                    show_frame(page, station, frame)
                yield file_name(name, width), shoot(page)
                page.close()
        browser.close()


def show_frame(page: Page, station: Station, frame: Path) -> None:
    """Have the camera show its last frame again, which is not inspected twice."""
    page.wait_for_timeout(COUNTED)
    before = int(page.inner_text('[data-counter=duplicate]'))
    station.ask('POST', f'/api/ingest/{CAMERA}', frame.read_bytes())
    page.wait_for_selector('#frame[data-frames]')
    page.wait_for_selector(f'[data-counter=duplicate] >> text="{before + 1}"')


def shoot(page: Page) -> bytes:
    """The window as PNG, when the model's name and every picture in it are there."""
    page.wait_for_selector('#state[data-state=running]')
    complete = '''() => [...document.images].every(
        (image) => image.getBoundingClientRect().top > innerHeight || image.complete && image.naturalWidth)'''
    until(lambda: page.evaluate(complete), f'the pictures of {page.url} do not come')
    page.evaluate('document.fonts.ready')
    return page.screenshot(animations='disabled', caret='hide')


def file_name(page: str, width: int) -> str:
    """Of a page's picture."""
    return f'station_{page}.png' if width == max(WINDOWS) else f'station_{page}_{width}.png'


def file_names() -> list[str]:
    """Everything that is made."""
    return [*(file_name(page, width) for page in PAGES for width in WINDOWS), f'{BOTTLE}.png']


def bottle(folder: Path) -> bytes:
    """The validation picture with most objects: ground truth above, the detections of the last student below.

    Raises:
        UserError: The demo has not tested the student.
    """
    annotations = folder / 'data' / 'vials' / 'annotations' / 'val.json'
    newest = max(folder.glob(STUDENTS), key=lambda pictures: pictures.stat().st_mtime, default=folder)
    found = {path.stem.split('_', 1)[1]: path for path in newest.glob('[0-9]*_*.png')}
    if not found or not annotations.is_file():
        raise UserError(f'the picture of a bottle needs the detections of the demo in {folder / STUDENTS}: run '
                        '`make demo`')
    truth = json.loads(annotations.read_text())
    objects = [annotation['image_id'] for annotation in truth['annotations']]
    shown = [image for image in truth['images'] if Path(image['file_name']).stem in found]
    fullest = max(shown, key=lambda image: objects.count(image['id']))
    with Image.open(found[Path(fullest['file_name']).stem]) as both:
        half = both.width // 2
        stacked = Image.new('RGB', (half, 2 * both.height))
        stacked.paste(both.crop((0, 0, half, both.height)), (0, 0))
        stacked.paste(both.crop((half, 0, both.width, both.height)), (0, both.height))
    return as_png(stacked)


def as_png(picture: Image.Image) -> bytes:
    """The bytes of a file."""
    file = io.BytesIO()
    picture.save(file, 'PNG', optimize=True)
    return file.getvalue()


def small(png: bytes, limit: int = LIMIT) -> bytes:
    """The same picture in as many of 256, 192, 128, 96 or 64 colours as fit into ``limit`` bytes, without a pattern of
    dots; as it is where fewer colours do not make it smaller."""
    picture = Image.open(io.BytesIO(png)).convert('RGB')
    for colours in (256, 192, 128, 96, 64):
        found = as_png(with_palette(picture, colours))
        if len(found) <= limit:
            break
    return min(found, as_png(picture), key=len)


def with_palette(picture: Image.Image, colours: int) -> Image.Image:
    """Reduced to so many colours; those of legends and boxes count more than their few pixels would."""
    pixels = np.asarray(picture)
    vivid = np.tile(pixels[np.ptp(pixels, axis=2) > VIVID], (WEIGHT, 1))
    below = vivid[:len(vivid) // picture.width * picture.width].reshape(-1, picture.width, 3)
    reduced = Image.fromarray(np.concatenate([pixels, below])).quantize(
        colours, Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE)
    return reduced.crop((0, 0, *picture.size))


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('pictures', nargs='*', metavar='PICTURE', default=[*PAGES, BOTTLE],
                        help=f'{", ".join(PAGES)} or {BOTTLE} (default: all)')
    parser.add_argument('--demo', type=Path, default=Path('work_dirs/demo'), help='folder of the demo (%(default)s)')
    parser.add_argument('--out', type=Path, default=ROOT / 'docs' / 'images', help='folder to write (docs/images)')
    args = parser.parse_args()
    if unknown := set(args.pictures) - {*PAGES, BOTTLE}:
        parser.error(f'there is no picture {", ".join(sorted(unknown))}: choose from {", ".join([*PAGES, BOTTLE])}')
    return args


def main() -> None:
    """Make what is asked for."""
    args = parse_args()
    pages = [name for name in PAGES if name in args.pictures]
    made = {f'{BOTTLE}.png': bottle(args.demo)} if BOTTLE in args.pictures else {}
    if pages:
        demo = find_demo(args.demo)
        with running(demo.model) as station:
            made.update(photograph(station, pages, *fill(station, demo)))
    args.out.mkdir(parents=True, exist_ok=True)
    for name, png in made.items():
        (args.out / name).write_bytes(png := small(png))
        print(f'{args.out / name}: {len(png) / 1000:.0f} kB')


if __name__ == '__main__':
    cli.run(main)

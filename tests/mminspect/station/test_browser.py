"""The pages in a real browser without a screen: what an operator does, by mouse and by keyboard."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mminspect.vision.images import encode_png
from station_site import LIMIT, Client, Site, eventually, picture, png, serving

api = pytest.importorskip('playwright.sync_api', reason='needs the Python package playwright')


def write(folder: Path, **spots: int) -> list[str]:
    for name, spot in spots.items():
        (folder / f'{name}.png').write_bytes(png(spot))
    return [str(folder / f'{name}.png') for name in spots]


def colours(page: api.Page, place: str) -> bytes:
    """What is seen there."""
    return page.locator(place).screenshot()


def test_uploads_get_a_heat_map_and_a_decision(page: api.Page, tmp_path: Path) -> None:
    page.goto('/')
    (tmp_path / 'notes.png').write_text('no picture')
    page.set_input_files('#files', [*write(tmp_path, good=128, defect=255), str(tmp_path / 'notes.png')])
    cards = page.locator('#results .result')
    api.expect(cards).to_have_count(3)
    good, defect, refused = (cards.filter(has_text=f'{name}.png') for name in ('good', 'defect', 'notes'))
    api.expect(good.locator('.badge')).to_have_text('good')
    api.expect(defect.locator('.badge')).to_have_text('defect')
    api.expect(defect.locator('.score')).to_have_text('score 0.9922')
    api.expect(refused.locator('.badge')).to_have_text('refused')
    api.expect(refused.locator('.score')).to_contain_text('notes.png is no PNG')
    api.expect(refused.locator('.picture')).to_be_hidden()  # a black box would look like a picture
    for layer in ('img.view', 'img.heat'):
        assert defect.locator(layer).evaluate('image => image.naturalWidth') == 64
    api.expect(defect.locator('rect')).to_have_count(1)
    api.expect(good.locator('rect')).to_have_count(0)
    api.expect(page.locator('#progress')).to_have_text('2 inspected, 1 refused')
    defect.locator('.name').click()
    api.expect(page.locator('h1')).to_have_text('defect.png')


def test_pictures_can_be_dropped(page: api.Page) -> None:
    page.goto('/')
    dropped = page.evaluate_handle('''bytes => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(bytes)], 'dropped.png', {type: 'image/png'}));
        return transfer;
    }''', list(png(255)))
    page.dispatch_event('#upload', 'drop', dict(dataTransfer=dropped))
    card = page.locator('#results .result')
    api.expect(card).to_have_count(1)
    api.expect(card.locator('.badge')).to_have_text('defect')


def test_what_the_model_cannot_inspect_is_shown_without_a_picture(page: api.Page, machine: Client) -> None:
    machine.send('/api/detect', [('unlucky.png', encode_png(np.full((9, 9, 3), 13, np.uint8)))])
    page.goto('/')
    card = page.locator('#newest .result')
    api.expect(card.locator('.badge')).to_have_text('failed')
    api.expect(card.locator('.score')).to_have_text('the picture is unlucky')
    api.expect(card.locator('.picture')).to_be_hidden()
    page.goto('/records')
    api.expect(page.locator('.records tbody tr')).to_contain_text('the picture is unlucky')


def test_pictures_of_one_name_are_told_apart_by_their_folders(page: api.Page, tmp_path: Path) -> None:
    folder = tmp_path / 'parts'
    for name, spot in dict(good=128, bad=255).items():
        (folder / name).mkdir(parents=True)
        write(folder / name, a=spot)
    for other in ('notes.txt', 'bad/.hidden.png', 'Thumbs.db'):
        (folder / other).write_text('no picture')
    page.goto('/')
    with page.expect_file_chooser() as chooser:
        page.click('#choose-folder')
    chooser.value.set_files(folder)
    cards = page.locator('#results .result')
    api.expect(cards).to_have_count(2)
    api.expect(cards.filter(has_text='parts/good/a.png').locator('.badge')).to_have_text('good')
    api.expect(cards.filter(has_text='parts/bad/a.png').locator('.badge')).to_have_text('defect')
    api.expect(page.locator('#progress')).to_have_text('2 inspected, 3 other files left out')
    page.goto('/records')
    for name in ('good', 'bad'):
        api.expect(page.locator('.records td', has_text=f'parts/{name}/a.png')).to_be_visible()


def test_folders_that_are_dropped_are_opened(page: api.Page) -> None:
    """With entries as browsers give them, a part of a folder at a time."""
    page.goto('/')
    found = page.evaluate('''async () => {
        const named = (path) => new File(['x'], path.split('/').pop());
        const file = (path) => ({isFile: true, fullPath: path, file: (done) => done(named(path))});
        const reader = (parts) => ({readEntries: (done) => done(parts.shift() ?? [])});
        const folder = (...parts) => ({isFile: false, createReader: () => reader(parts)});
        const items = [file('/loose.txt'), folder([file('/a/1.png')], [file('/a/2.JPG'), folder([file('/a/b/1.png')]),
                       file('/a/notes.txt')])].map((entry) => ({webkitGetAsEntry: () => entry}));
        const {dropped} = await import('/static/picked.js');
        const {taken, left} = await dropped({items, files: []});
        return [taken.map(({path}) => path), left];
    }''')
    assert found == [['loose.txt', 'a/1.png', 'a/2.JPG', 'a/b/1.png'], 1]


def test_the_live_view_shows_frames_counters_and_detections(
        page: api.Page, site: Site, machine: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('mminspect.station.line.camera.FRAME_RATE', 1e6)  # browsers get every frame
    site.line.cameras.clear()

    def send(seed: int) -> None:
        frame = picture(128, (120, 160))
        frame[60:] = np.random.default_rng(seed).integers(100, 156, (60, 160, 1))
        frame[8:20, 10:30] = 255 if seed == 2 else 128
        assert machine.send('/api/ingest/press', [('a.png', encode_png(frame))]).status == 202
        eventually(site.worker.is_idle)

    send(0)
    page.goto('/live')
    api.expect(page.locator('#link')).to_have_text('connected')
    api.expect(page.locator('#newest .result')).to_have_count(1)
    for seed in (1, 1, 2):
        send(seed)
    canvas = page.locator('#frame')
    seen = 'canvas => canvas.getContext("2d").getImageData(20, 14, 1, 1).data[0]'
    eventually(lambda: canvas.evaluate(seen) > 240)
    assert canvas.evaluate('canvas => [canvas.width, canvas.height]') == [160, 120]
    api.expect(page.locator('#decision')).to_have_text('defect')
    api.expect(page.locator('#last rect')).to_have_count(1)
    api.expect(page.locator('[data-counter=seen]')).to_have_text('4')
    api.expect(page.locator('[data-counter=duplicate]')).to_have_text('1')
    api.expect(page.locator('[data-counter=inspected]')).to_have_text('3')
    api.expect(page.locator('#newest .result')).to_have_count(3)
    api.expect(page.locator('#newest .result').first.locator('.badge')).to_have_text('defect')


def test_the_slider_tells_the_rate_and_changes_decisions(page: api.Page, machine: Client) -> None:
    record = machine.send('/api/detect', [('part.png', png(188))]).json  # 60 / 128
    page.goto('/scores')
    api.expect(page.locator('#rate')).to_contain_text('2 % of good parts')  # 1 of 50: no calibration score above 0.5
    api.expect(page.locator('#effect')).to_contain_text('0 of 1 records')
    api.expect(page.locator('#chart circle')).to_have_count(1)
    slider = page.locator('#slider')
    slider.fill('0.2')
    api.expect(page.locator('#value')).to_have_value('0.2')
    api.expect(page.locator('#rate')).to_contain_text('60 % of good parts (95 % interval')  # 29 of 49 lie above
    api.expect(page.locator('#effect')).to_contain_text('1 of 1 records')
    api.expect(page.locator('#chart path.defect')).to_have_count(1)
    assert machine.get('/api/records?decision=defect').json['count'] == 0  # looking changes nothing
    page.click('#apply')
    api.expect(page.locator('#origin')).to_contain_text('Now 0.2, set by operator')
    assert machine.get(f'/api/records/{record["id"]}').json['is_defect'] is True
    page.goto(f'/records/{record["id"]}')
    api.expect(page.locator('.head .badge')).to_have_text('defect')
    page.goto('/scores')
    page.click('#reset')
    api.expect(page.locator('#origin')).to_contain_text(f'Now {LIMIT} (hold-out normal images')
    page.fill('#percent', '0.01')
    page.click('#set-rate')
    api.expect(page.locator('#trouble')).to_contain_text('9999')  # that many images are needed


def test_a_message_on_the_scores_stays_until_it_has_been_read(page: api.Page) -> None:
    page.goto('/scores')
    page.fill('#percent', '0.01')
    page.click('#set-rate')
    trouble = page.locator('#trouble')
    api.expect(trouble).to_contain_text('9999')
    with page.expect_response(lambda reply: '/api/scores' in reply.url):
        pass  # the page looks for new scores, which succeeds
    page.locator('#slider').fill('0.2')
    api.expect(page.locator('#rate')).to_contain_text('60 % of good parts')
    api.expect(trouble).to_contain_text('9999')
    page.fill('#percent', '5')
    page.route('**/api/threshold', lambda route: route.fulfill(status=409, json=dict(error='there is no model')))
    page.click('#apply')
    api.expect(page.locator('#troubles p')).to_have_count(2)
    page.unroute('**/api/threshold')
    page.click('#set-rate')  # what failed works
    api.expect(page.locator('#troubles p')).to_have_count(1)
    api.expect(trouble).not_to_contain_text('9999')
    page.click('#read')
    api.expect(trouble).to_be_hidden()


def test_the_slider_follows_the_keyboard(page: api.Page) -> None:
    page.goto('/scores')
    api.expect(page.locator('#slider')).to_be_enabled()
    before = float(page.input_value('#value'))
    page.focus('#slider')
    page.keyboard.press('ArrowLeft')
    eventually(lambda: float(page.input_value('#value')) < before)


def test_an_operator_reviews_by_keyboard(page: api.Page, machine: Client) -> None:
    older, newer = (machine.send('/api/detect', [(name, png(255))]).json for name in ('older.png', 'newer.png'))
    page.goto('/records')
    page.keyboard.press('Tab')
    assert page.evaluate('document.activeElement.textContent') == 'Skip to the content'
    page.goto(newer['url'])
    api.expect(page.locator('#layers img.heat')).to_be_visible()
    page.keyboard.press('d')
    api.expect(page.locator('.mark.defect')).to_have_attribute('aria-pressed', 'true')
    api.expect(page.locator('#layers img.heat')).to_be_visible()
    page.keyboard.press('ArrowRight')
    api.expect(page.locator('h1')).to_have_text('older.png')
    api.expect(page.locator('#layers img.heat')).to_be_visible()
    page.keyboard.press('g')
    api.expect(page.locator('.mark.good')).to_have_attribute('aria-pressed', 'true')
    marks = {machine.get(f'/api/records/{record["id"]}').json['mark'] for record in (older, newer)}
    assert marks == {'good', 'defect'}


def test_layers_of_a_record_come_and_go(page: api.Page, machine: Client) -> None:
    page.goto(machine.send('/api/detect', [('a.png', png(255))]).json['url'])
    api.expect(page.locator('#layers rect')).to_have_count(1)
    with_boxes = colours(page, '#layers')
    page.uncheck('#show-boxes')
    api.expect(page.locator('.boxes')).to_be_hidden()
    assert colours(page, '#layers') != with_boxes
    page.locator('#opacity').fill('0')
    assert page.locator('img.heat').evaluate('image => getComputedStyle(image).opacity') == '0'


def test_records_survive_a_restart(page: api.Page, machine: Client, chromium: api.Browser, tmp_path: Path) -> None:
    kept = machine.send('/api/detect', [('kept.png', png(255))]).json
    with serving(STATION_DATA=tmp_path) as again:  # another lock: the first one still runs
        window = chromium.new_page(base_url=f'http://127.0.0.1:{again.port}')
        window.goto('/records')
        api.expect(window.locator('.records tbody tr')).to_have_count(1)
        window.click('.records tbody a >> nth=1')
        api.expect(window.locator('h1')).to_have_text('kept.png')
        assert kept['id'] in window.url
        window.close()

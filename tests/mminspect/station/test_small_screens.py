"""Every page in a wide window and on a telephone: nothing sticks out, everything is in reach, also of the keys."""
from __future__ import annotations

import uuid
from collections.abc import Callable
from itertools import cycle

import pytest

from station_site import Client, eventually, png

api = pytest.importorskip('playwright.sync_api', reason='needs the Python package playwright')
#: What is looked at: its address, and what it shows when it is ready.
PAGES = {'inspect': ('/', '#newest .boxes'), 'live': ('/live/press', '#last .boxes'),
         'records': ('/records', '.records img'), 'record': ('/records/{record}', '#layers .boxes'),
         'scores': ('/scores', '#chart a'), 'login': ('/login', 'form'),
         'an error': (f'/records/{uuid.UUID(int=0)}', 'h1'),
         'a wrong filter': ('/records?min_score=high', '.banner')}
NAME = 'a-part-with-a-very-long-name-that-does-not-end-soon' * 2 + '.png'
#: Texts and elements that end to the right of the box that they belong in; cut off on purpose: the model's name.
OUTSIDE = '''() => {
    const boxes = '.card, .result, .records', edge = document.documentElement.clientWidth, found = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        const element = node instanceof Element ? node : node.parentElement;
        if (element.closest('.skip, thead, .chip, script, template') || !element.checkVisibility()) continue;
        const range = document.createRange();
        range.selectNode(node);
        const rects = node instanceof Element ? [node.getBoundingClientRect()] : [...range.getClientRects()];
        const limit = Math.min(edge, element.parentElement.closest(boxes)?.getBoundingClientRect().right ?? edge);
        if (rects.some(({width, right}) => width && right > limit + 0.5))
            found.push((node.outerHTML ?? node.textContent).slice(0, 90));
    }
    return found;
}'''
#: What can be clicked, but is covered at its middle, or lower than a finger needs (24 pixels, WCAG 2.5.8).
OUT_OF_REACH = '''() => [...document.querySelectorAll('a[href]:not(.skip), button, input, select')]
    .filter((one) => one.checkVisibility() && one.tabIndex >= 0 && !one.disabled && one.type !== 'hidden')
    .filter((one) => {
        one.scrollIntoView({block: 'center'});
        const {left, top, width, height} = one.getClientRects()[0];
        const hit = document.elementFromPoint(left + width / 2, top + height / 2);
        const small = height < 24 && one.matches('button, .button, select, input:not([type=checkbox])');
        return small || !hit || !(one.contains(hit) || hit.closest('label')?.control === one);
    }).map((one) => one.outerHTML.slice(0, 90))'''
NUMBER = '''() => [...document.querySelectorAll('a[href], button, input, select')]
    .filter((one) => one.checkVisibility() && one.tabIndex >= 0 && !one.disabled && one.type !== 'hidden')
    .map((one, number) => { one.dataset.number = number; return one.outerHTML.slice(0, 90); })'''
FOCUSED = '''() => {
    const one = document.activeElement, box = one.getBoundingClientRect(), shown = one.closest('.drop') ?? one;
    return {number: one.dataset.number ?? null, outlined: getComputedStyle(shown).outlineStyle !== 'none',
            inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth};
}'''

#: Of the camera's pictures: one that shows the same as the last one is left out.
SPOTS = cycle((255, 215))


@pytest.fixture
def visit(page: api.Page, machine: Client) -> Callable[[str, int], None]:
    """visit(name of a page, width): go there, with a record of an upload, one of a camera and a mark."""
    record = machine.send('/api/detect', [(NAME, png(255))]).json
    machine.send('/api/ingest/press', [('a.png', png(next(SPOTS)))])
    eventually(lambda: machine.get('/api/records').json['count'] == 2)

    def go(name: str, width: int) -> None:
        address, ready = PAGES[name]
        page.set_viewport_size(dict(width=width, height=844))
        page.goto(address.format(record=record['id']))
        page.wait_for_selector(f'{ready} >> nth=0', state='attached')
        page.wait_for_load_state('networkidle') if name != 'live' else None

    return go


@pytest.mark.parametrize('name', PAGES)
def test_nothing_sticks_out_and_everything_is_in_reach(page: api.Page, visit: Callable, name: str) -> None:
    for width in (390, 360, 1280):
        visit(name, width)
        assert page.evaluate('document.documentElement.scrollWidth') <= width
        assert page.evaluate(OUTSIDE) == []
        assert page.evaluate(OUT_OF_REACH) == []


@pytest.mark.parametrize('name', [name for name in PAGES if name != 'login'])  # there the keys begin in the first field
def test_the_keys_reach_everything_in_order_and_show_where_they_are(
        page: api.Page, visit: Callable, name: str) -> None:
    visit(name, 390)
    targets, reached = page.evaluate(NUMBER), []
    while len(reached) < len(targets):
        page.keyboard.press('Tab')
        focused = page.evaluate(FOCUSED)
        number = focused['number'] and int(focused['number'])
        if number in reached[-1:]:
            continue  # the parts of a date
        assert number == len(reached), f'behind {targets[:len(reached)][-1:]} not {targets[len(reached)]}'
        assert focused['outlined'] and focused['inside'], targets[number]
        reached.append(number)


def test_the_list_of_records_comes_before_its_filters(page: api.Page, visit: Callable) -> None:
    """On a telephone; in a wide window both are there."""
    row, filters = page.locator('.records tbody tr').first, page.locator('#filters')
    button = page.locator('#show-filters')
    visit('records', 390)
    api.expect(filters).to_be_hidden()
    assert row.bounding_box()['y'] < 300
    assert row.locator('time').evaluate('time => time.getClientRects().length') == 1  # it is read in one line
    button.click()
    api.expect(filters).to_be_visible()
    page.select_option('[name=decision]', 'defect')
    page.click('#filters .main')
    api.expect(filters).to_be_visible()  # what is set is seen
    visit('records', 1280)
    api.expect(button).to_be_hidden()
    api.expect(filters).to_be_visible()


def test_the_checks_see_what_they_look_for(page: api.Page, visit: Callable) -> None:
    visit('scores', 390)
    for name, style in dict(apply='width: 500px', origin='white-space: nowrap', reset='height: 12px; padding: 0',
                            by_rate='position: relative; z-index: -1').items():
        page.locator(f'#{name.replace("_", "-")}').evaluate('(one, style) => { one.style.cssText = style; }', style)
    assert page.evaluate('document.documentElement.scrollWidth') > 390
    outside, lost = '\n'.join(page.evaluate(OUTSIDE)), '\n'.join(page.evaluate(OUT_OF_REACH))
    assert 'id="apply"' in outside and 'Now 0.5' in outside and 'id="reset"' not in outside
    assert 'id="reset"' in lost and 'id="set-rate"' in lost and 'id="slider"' not in lost

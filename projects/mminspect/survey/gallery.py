"""Examples as HTML: the picture, what is annotated in it, and what it shows of which image."""
from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mminspect.core.errors import UserError
from mminspect.vision.images import read_mask

from .examples import Example, examples
from .items import Box
from .marks import COLOURS, Canvas, colours_of
from .pictures import View, view
from .places import Places
from .surveying import SplitSurvey

#: Examples of a split, and boxes in one of them.
SHOWN, BOXES = 12, 200
STYLE = """
.marked { position: relative; line-height: 0 }
.marked svg { position: absolute; inset: 0; width: 100%; height: 100%; max-width: none }
.marked path { fill: none; stroke-width: 1.8; filter: drop-shadow(0 0 .5px #000) }
.marked svg text { font: 600 12px system-ui, sans-serif; paint-order: stroke; stroke: #000; stroke-width: 2px;
  stroke-linejoin: round }
figcaption { word-break: normal } figcaption span { white-space: nowrap }
figcaption i { display: inline-block; width: .7rem; height: .7rem; margin: 0 .2rem 0 .4rem; border: 1px solid #444 }
"""


def gallery(one: SplitSurvey, places: Places) -> Iterator[str]:
    """An image for each class or label of a split, with the boxes or the outline of its mask; nothing where none is."""
    found = examples(one)
    if not found:
        return
    colours = colours_of(one.split.classes)
    yield f'<h2>Examples: {html.escape(one.name)}</h2><div class="pictures">'
    yield from (_figure(example, places, colours) for example in found[:SHOWN])
    yield '</div>'
    if len(found) > SHOWN:
        yield f'<p>and {len(found) - SHOWN} more classes</p>'


def _figure(example: Example, places: Places, colours: dict[str, str]) -> str:
    item = example.item
    picture = view(item.path, example.listing.reading, example.box)
    words, shown = [f'<b>{html.escape(example.name)}</b>'], ''
    if picture is not None:
        marks, told = _marks(example, picture, colours)
        shown = f'<div class="marked"><img src="{picture.source}" alt="">{marks}</div>'
        words += told + ([] if picture.whole else [_part(picture)])
    words.append(html.escape(places.shown(item.path)))
    return f'<figure>{shown}<figcaption>{"; ".join(words)}</figcaption></figure>'


def _part(picture: View) -> str:
    (x0, y0, x1, y1), (width, height) = picture.window, picture.size
    return f'{x1 - x0}x{y1 - y0} of {width}x{height} px, from ({x0}, {y0})'


def _marks(example: Example, picture: View, colours: dict[str, str]) -> tuple[str, list[str]]:
    """What lies over a picture, and what is said of it."""
    canvas, item = Canvas(picture.window, picture.scale), example.item
    if item.boxes:
        boxes = sorted(canvas.seen(item.boxes), key=lambda box: box != example.box)  # its own name finds room first
        colours = colours_of([*colours, *(box.category for box in boxes)])
        return canvas.boxes(boxes[:BOXES], colours), _legend(boxes, colours)
    mask = _mask(example)
    if mask is None or mask.shape != picture.size[::-1]:  # of another size it says nothing of these pixels
        return '', []
    x0, y0, x1, y1 = picture.window
    return canvas.outline(mask[y0:y1, x0:x1], COLOURS[0]), []


def _legend(boxes: list[Box], colours: dict[str, str]) -> list[str]:
    counts = Counter(box.category for box in boxes)
    drawn = ' '.join(f'<span><i style="background:{colours[name]}"></i>{html.escape(name)} {count}</span>'
                     for name, count in counts.most_common())
    return [drawn] + ([f'{BOXES} of {len(boxes)} boxes are drawn'] if len(boxes) > BOXES else [])


def _mask(example: Example) -> NDArray[np.uint8] | None:
    if example.item.mask_path is None:
        return None
    try:
        return read_mask(example.item.mask_path)
    except UserError:  # it is told elsewhere
        return None

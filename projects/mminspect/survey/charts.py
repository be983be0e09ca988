"""Small charts as SVG that stands in the page itself."""
from __future__ import annotations

import html
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .statistics import figure

#: Told apart by eyes of every kind; so are they by their order.
COLOURS = ('#1f77b4', '#e08214', '#4d4d4d', '#5aae61', '#9970ab', '#bf812d')
#: Of the chart of sizes, of those of which three stand in a row, and the left margin of these.
_WIDTH, _NARROW, _LEFT = 360, 280, 4
#: Where the bars of a histogram stand: left and right end, and the levels of the axis and of the highest bar.
_FROM, _TO, _FLOOR, _TOP = 40, 352, 138, 38
#: Labels at the axis of sizes, at most, and pixels of a letter.
_TICKS, _LETTER = 8, 6.5


def size_histogram(before: ArrayLike, after: ArrayLike, limit: float) -> str:
    """Sizes of objects in the image and at the network, by half octaves, with a line at the limit.

    Args:
        before: (n,) pixels, above 0.
        after: (n,) pixels; 0 for those that vanish, which have a place of their own.
        limit: In pixels.
    """
    groups = [np.asarray(before, float), np.asarray(after, float)]
    positive = np.concatenate([group[group > 0] for group in groups])
    low = math.floor(2 * math.log2(min(positive.min(), limit)))
    high = math.floor(2 * math.log2(max(positive.max(), limit))) + 1
    counts = [_half_octaves(group, low, high) for group in groups]
    gone = bool(counts[1][0])
    start, top = (-1 if gone else 0), _round_up(max(map(max, counts)))
    step = (_TO - _FROM) / (high - low - start)

    def place(half_octaves: float) -> float:
        return _FROM + step * (half_octaves - low - start)

    bars = [_bar(place(low + number - 1) + step * (0.08 + 0.42 * side), step * 0.42, _FLOOR,
                 (_FLOOR - _TOP) * count / top, COLOURS[side], f'{count} objects')
            for side, values in enumerate(counts) for number, count in enumerate(values)]
    ticks = [_text(place(number), _FLOOR + 14, _pixels(2 ** (number / 2)), reach=_WIDTH)
             for number in _octaves(low, high)]
    words = [_text((_FROM + _TO) / 2, _FLOOR + 30, 'square root of the area, px'),
             *([_text(place(low - 1), _FLOOR + 30, 'vanished', 'start')] if gone else [])]
    x = place(2 * math.log2(limit))
    line = _line(x, x, _TOP - 10, _FLOOR, '#b00020', 'stroke-dasharray="4 3"') \
        + _text(x, _TOP - 15, f'{limit:g} px', reach=_WIDTH)
    return _svg(_FLOOR + 36, [*_counts(top), *bars, line, *ticks, *words], 'Histogram of the sizes of objects') \
        + legend(['in the image', "at the network's input"])


def _pixels(size: float) -> str:
    return f'{size:.0f}' if size >= 100 else f'{size:.3g}'


def _octaves(low: int, high: int) -> range:
    """Half octaves from low to high that are labelled: powers of two, where there are two of them."""
    every = 2 * max(1, math.ceil((high - low) / (2 * _TICKS)))
    first = -(-low // every) * every
    return range(first, high + 1, every) if first + every <= high else range(low, high + 1)


def _counts(top: int) -> list[str]:
    """The axis of counts: its lines, their numbers, and what they count."""
    levels = sorted({0, top // 2, top}) if top % 2 == 0 else [0, top]
    parts = [_text(4, 10, 'objects', 'start')]
    for level in levels:
        y = _FLOOR - (_FLOOR - _TOP) * level / top
        parts += [_line(_FROM, _TO, y, y, '#ccc'), _text(_FROM - 4, y + 4, f'{level:,}', 'end')]
    return parts


def _round_up(count: int) -> int:
    """The next of 1, 2, 4, 6, 8, 10, 20, 40..."""
    decade = 10 ** math.floor(math.log10(count))
    return next(factor * decade for factor in (1, 2, 4, 6, 8, 10) if count <= factor * decade)


def box_plots(groups: dict[str, Sequence[float]]) -> str:
    """A line for each group: 5 to 95 %, a box from 25 to 75 %, and the median.

    Args:
        groups: Name -> values, at least one.
    """
    shown = {name: np.quantile(values, (0.05, 0.25, 0.5, 0.75, 0.95)) for name, values in groups.items()}
    low, high = min(q[0] for q in shown.values()), max(q[-1] for q in shown.values())
    span = high - low or 1.0
    parts = []
    for number, (name, quantiles) in enumerate(shown.items()):
        y, colour = 34 * number, COLOURS[number % len(COLOURS)]
        x = [_LEFT + (_NARROW - 2 * _LEFT) * (value - low) / span for value in quantiles]
        parts += [_text(_LEFT, y + 12, f'{name}: {figure(quantiles[2])}', 'start'),
                  f'<line x1="{x[0]:.1f}" x2="{x[4]:.1f}" y1="{y + 23}" y2="{y + 23}" stroke="{colour}"/>',
                  f'<rect x="{x[1]:.1f}" y="{y + 18}" width="{max(x[3] - x[1], 1):.1f}" height="10" fill="{colour}" '
                  'opacity="0.6"/>',
                  f'<line x1="{x[2]:.1f}" x2="{x[2]:.1f}" y1="{y + 16}" y2="{y + 30}" stroke="{colour}" '
                  'stroke-width="3"/>']
    return _svg(34 * len(shown), parts, 'Medians and quartiles', _NARROW)


def legend(names: Sequence[str]) -> str:
    """Names with their colours."""
    return '<p class="legend">' + ' '.join(
        f'<span><i style="background:{colour}"></i>{html.escape(name)}</span>'
        for name, colour in zip(names, COLOURS, strict=False)) + '</p>'


def _half_octaves(values: np.ndarray, low: int, high: int) -> list[int]:
    """Number of zeros, then of values in [2^(k/2), 2^((k+1)/2)) from k = low on."""
    bins = np.clip(np.floor(2 * np.log2(values[values > 0])).astype(int) - low, 0, high - low - 1)
    return [int(np.sum(values == 0)), *np.bincount(bins, minlength=high - low).tolist()]


def _bar(x: float, width: float, floor: float, height: float, colour: str, title: str) -> str:
    return (f'<rect x="{x:.1f}" y="{floor - height:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}">'
            f'<title>{title}</title></rect>') if height else ''


def _text(x: float, y: float, words: str, anchor: str = 'middle', reach: float = math.inf) -> str:
    """Words at a place; those around it are moved where they would end behind ``reach``."""
    if anchor == 'middle':
        half = _LETTER * len(words) / 2
        x = max(half, min(x, reach - half))
    return f'<text x="{x:.1f}" y="{y:.4g}" text-anchor="{anchor}">{html.escape(words)}</text>'


def _line(x0: float, x1: float, y0: float, y1: float, colour: str, more: str = '') -> str:
    return f'<line x1="{x0:.1f}" x2="{x1:.1f}" y1="{y0:.1f}" y2="{y1:.1f}" stroke="{colour}" {more}/>'


def _svg(height: int, parts: Sequence[str], title: str, width: int = _WIDTH) -> str:
    return (f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{title}">{"".join(parts)}</svg>')

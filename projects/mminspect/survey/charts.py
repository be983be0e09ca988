"""Small charts as SVG that stands in the page itself."""
from __future__ import annotations

import html
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

#: Told apart by eyes of every kind; so are they by their order.
COLOURS = ('#1f77b4', '#e08214', '#4d4d4d', '#5aae61', '#9970ab', '#bf812d')
_WIDTH, _LEFT = 360, 4


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
    tallest, step = max(map(max, counts)), (_WIDTH - 2 * _LEFT) / (high - low + 1)
    bars = [_bar(_LEFT + step * (place + 0.08 + 0.42 * side), step * 0.42, 120, 100 * count / tallest, COLOURS[side],
                 f'{count} objects')
            for side, values in enumerate(counts) for place, count in enumerate(values)]
    every = max(1, math.ceil((high - low) / 8))
    ticks = [_text(_LEFT + step * (number + 1), 134, f'{2 ** ((low + number) / 2):.3g}')
             for number in range(0, high - low + 1, every)]
    gone = [_text(_LEFT + step / 2, 148, 'gone')] if counts[1][0] else []
    x = _LEFT + step * (1 + 2 * math.log2(limit) - low)
    line = f'<line x1="{x:.1f}" x2="{x:.1f}" y1="12" y2="120" stroke="#b00020" stroke-dasharray="4 3"/>' \
           + _text(x, 10, f'{limit:g} px')
    return _svg(156, [*bars, line, *ticks, *gone], 'Histogram of the sizes of objects') \
        + legend(['in the image', "at the network's input"])


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
        x = [_LEFT + (_WIDTH - 2 * _LEFT) * (value - low) / span for value in quantiles]
        parts += [_text(_LEFT, y + 12, f'{name}: {quantiles[2]:.4g}', 'start'),
                  f'<line x1="{x[0]:.1f}" x2="{x[4]:.1f}" y1="{y + 23}" y2="{y + 23}" stroke="{colour}"/>',
                  f'<rect x="{x[1]:.1f}" y="{y + 18}" width="{max(x[3] - x[1], 1):.1f}" height="10" fill="{colour}" '
                  'opacity="0.6"/>',
                  f'<line x1="{x[2]:.1f}" x2="{x[2]:.1f}" y1="{y + 16}" y2="{y + 30}" stroke="{colour}" '
                  'stroke-width="3"/>']
    return _svg(34 * len(shown), parts, 'Medians and quartiles')


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


def _text(x: float, y: float, words: str, anchor: str = 'middle') -> str:
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}">{html.escape(words)}</text>'


def _svg(height: int, parts: Sequence[str], title: str) -> str:
    return (f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{title}">{"".join(parts)}</svg>')

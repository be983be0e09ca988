"""The page that a quickstart ends with: the threshold and its promise, the scores, the most suspicious pictures."""
from __future__ import annotations

import html
import os
import shlex
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from anomaly_rd.visualization.saving import save_figure
from mminspect.core.fileio import replacing
from mminspect.core.page import page
from mminspect.decisions import percentage
from mminspect.inspection import Inspector, load_inspector
from mminspect.inspection.output import read_lines
from mminspect.inspection.output.folder import LINES, OVERLAYS, picture_name
from mminspect.inspection.sources import find_images, short_names

from .paths import Paths
from .thumbnails import spots, write_thumbnails

#: Pictures on the page.
SHOWN = 12
KEPT_COLOUR, INSPECTED_COLOUR = '#1f77b4', '#e08214'  # told apart by eyes of every kind
BODY = """<p>{summary}</p>
<h2>The threshold and what it promises</h2>
<p>{promise}</p>
<div class="wide"><img src="{histogram}" alt="Histogram of the scores with the threshold"></div>
<h2>The pictures with the highest scores</h2>
<p>{legend}</p>
<div class="pictures">
{pictures}
</div>
<h2>By folder</h2>
<table><tr><th>folder</th><th>pictures</th><th>called defective</th></tr>
{folders}
</table>
<h2>What next</h2>
<pre>{commands}</pre>"""
#: Long commands are broken, since what is cut off is not found; words are not. On a telephone the histogram scrolls.
STYLE = """pre { white-space: pre-wrap }
figcaption, td:first-child, th:first-child { word-break: normal; overflow-wrap: anywhere }
th { overflow-wrap: normal } td, th { padding: .2rem .5rem }
.wide { overflow-x: auto } .wide img { max-width: none; width: max(min(100%, 880px), 36rem) }
"""


def write_report(paths: Paths, test: Path | None, kept: Sequence[str], trained: Collection[str] = ()) -> None:
    """Write ``report.html``, ``histogram.png`` and ``pictures/`` beside the results.

    Args:
        paths: Of the run; the model is exported and calibrated, the pictures are inspected.
        test: The folder that was inspected; None for the good pictures kept from training.
        kept: Paths of the good pictures that the training has not seen.
        trained: Real paths of the pictures that the training saw.
    """
    inspector = load_inspector(paths.model)
    lines = sorted(read_lines(paths.results / LINES), key=lambda line: (-line['score'], line['image']))
    images = find_images(kept if test is None else [test])
    seen = 0 if test is None else sum(os.path.realpath(image.path) in trained for image in images)
    picture = paths.folder / 'histogram.png'
    save_figure(draw_scores(inspector.calibration.scores.values, [line['score'] for line in lines] if test else (),
                            inspector.threshold.value), picture)
    shown, sources = lines[:SHOWN], {image.name: str(image.path) for image in images}
    overlays = short_names(line['image'] for line in lines)
    small = write_thumbnails(inspector, {line['image']: sources[line['image']] for line in shown}, paths.folder)
    body = BODY.format(
        summary=html.escape(_summary(lines, test, seen)), promise=html.escape(_promise(inspector)),
        histogram=picture.name, legend=html.escape(_legend(test)),
        pictures='\n'.join(_figure(line, small[line['image']], paths, overlays[line['image']]) for line in shown),
        folders='\n'.join(_rows(lines)), commands=html.escape(_commands(paths)))
    with replacing(paths.report) as handle:
        handle.write(page(f'Inspection of {paths.folder.name}', body, STYLE).encode('utf-8', 'replace'))


def draw_scores(kept: ArrayLike, inspected: ArrayLike, threshold: float, bins: int = 40) -> Figure:
    """Scores of the good pictures kept from training and of the inspected ones, with the threshold.

    Args:
        kept: (n,), at least one.
        inspected: (m,); none where those are the same pictures.
        threshold: Scores above it are called defective.
        bins: Over the range of all scores.
    """
    kept, inspected = np.asarray(kept, float), np.asarray(inspected, float)
    figure = Figure(figsize=(8, 4), dpi=110, layout='constrained')
    axis = figure.subplots()
    edges = np.histogram_bin_edges(np.concatenate([kept, inspected, [threshold]]), bins)
    groups = [(kept, KEPT_COLOUR, f'good, kept from the training ({len(kept)})')]
    if len(inspected):
        groups.append((inspected, INSPECTED_COLOUR, f'inspected ({len(inspected)})'))
    values, colours, labels = zip(*groups, strict=True)
    axis.hist(values, edges, color=colours, label=labels)  # side by side: no colour is a mixture of two
    axis.axvline(threshold, color='black', label=f'threshold {threshold:.4g}')
    axis.set(xlabel='score of the picture (larger = more suspicious)', ylabel='pictures')
    axis.yaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(loc='outside lower center', ncols=3, fontsize=8)
    return figure


def _summary(lines: Sequence[dict[str, Any]], test: Path | None, seen: int) -> str:
    what = f'Of {len(lines)} pictures in {test}' if test else (
        f'No pictures to inspect were named; of the {len(lines)} good ones that the training has not seen')
    warning = f' {seen} of them were trained on: their scores are lower than those of new parts.' if seen else ''
    return f'{what}, {sum(bool(line["is_defect"]) for line in lines)} are called defective.{warning}'


def _promise(inspector: Inspector) -> str:
    scores, value = inspector.calibration.scores, inspector.threshold.value
    estimate = scores.false_reject_rate(value)
    return (f'A picture is called defective when its score is above {value:.4g}. Of new good parts that look like '
            f'those in the folder, at most {percentage(estimate.rate)} % are expected to be rejected; with '
            f'{estimate.count} pictures to judge by, {percentage(estimate.low)} to {percentage(estimate.high)} % is '
            f'possible ({percentage(estimate.confidence)} % confidence). More good pictures make this closer. How many '
            'defects are found cannot be known without pictures of defects.')


def _legend(test: Path | None) -> str:
    text = ('Colour marks what is above the normal range, and a frame shows where it is, also around a few pixels that '
            'are hardly seen; a picture without either has nothing there. A picture is called defective by its largest '
            'value alone, however small the place. A click opens it with all numbers.')
    return text if test else f'{text} They are good parts: this is how the largest deviations among them look.'


def _figure(line: dict[str, Any], small: str, paths: Paths, overlay: str) -> str:
    whole = quote(f'{paths.results.name}/{OVERLAYS}/{picture_name(overlay, ".png")}')
    words = '<span class="defect">defect</span>' if line['is_defect'] else 'good'
    where = f', {text}' if (text := spots(line)) else ''
    return (f'<figure><a href="{whole}"><img src="{quote(small)}" alt=""></a><figcaption>{html.escape(line["image"])}'
            f'<br>score {line["score"]:.4g}: {words}{where}</figcaption></figure>')


def _rows(lines: Sequence[dict[str, Any]]) -> list[str]:
    """A row for every folder of pictures: with ``good/`` and a folder for each defect it is the whole truth."""
    folders: dict[str, list[bool]] = {}
    for line in sorted(lines, key=lambda line: line['image']):
        folders.setdefault(PurePosixPath(line['image']).parent.as_posix(), []).append(bool(line['is_defect']))
    return [f'<tr><td>{html.escape(name)}</td><td>{len(found)}</td><td>{sum(found)}</td></tr>'
            for name, found in folders.items()]


def _commands(paths: Paths) -> str:
    model, config, again = (shlex.quote(str(path)) for path in (paths.model, paths.config, f'{paths.folder}-2'))
    return '\n'.join((f'mminspect inspect {model} MORE_PICTURES --out results',
                      f'mminspect calibrate {model} OTHER_GOOD_PICTURES --false-reject-rate 0.01',
                      f'mminspect station --model {model} --source folder:MORE_PICTURES',
                      '# after changing the config:', f'mminspect train {config} --work-dir {again}'))

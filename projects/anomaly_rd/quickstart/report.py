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
from mminspect.inspection import Inspector, load_inspector
from mminspect.inspection.output import read_lines
from mminspect.inspection.output.folder import LINES, OVERLAYS, picture_name
from mminspect.inspection.sources import find_images, short_names

from .paths import Paths

#: Pictures on the page.
SHOWN = 12
KEPT_COLOUR, INSPECTED_COLOUR = '#1f77b4', '#e08214'  # told apart by eyes of every kind
BODY = """<p>{summary}</p>
<h2>The threshold and what it promises</h2>
<p>{promise}</p>
<img src="{histogram}" alt="Histogram of the scores with the threshold">
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


def write_report(paths: Paths, test: Path | None, trained: Collection[str] = ()) -> None:
    """Write ``report.html`` and ``histogram.png`` beside the results.

    Args:
        paths: Of the run; the model is exported and calibrated, the pictures are inspected.
        test: The folder that was inspected; None for the good pictures kept from training.
        trained: Real paths of the pictures that the training saw.
    """
    inspector = load_inspector(paths.model)
    lines = sorted(read_lines(paths.results / LINES), key=lambda line: (-line['score'], line['image']))
    seen = 0 if test is None else sum(os.path.realpath(image.path) in trained for image in find_images([test]))
    picture = paths.folder / 'histogram.png'
    kept = inspector.calibration.scores.values
    save_figure(draw_scores(kept, [line['score'] for line in lines] if test else (), inspector.threshold.value),
                picture)
    overlays = short_names(line['image'] for line in lines)
    body = BODY.format(
        summary=html.escape(_summary(lines, test, seen)), promise=html.escape(_promise(inspector)),
        histogram=picture.name, legend=html.escape(_legend(test)),
        pictures='\n'.join(_figure(line, paths, overlays[line['image']]) for line in lines[:SHOWN]),
        folders='\n'.join(_rows(lines)), commands=html.escape(_commands(paths)))
    with replacing(paths.report) as handle:
        handle.write(page(f'Inspection of {paths.folder.name}', body).encode('utf-8', 'replace'))


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
    axis.hist(kept, edges, color=KEPT_COLOUR, alpha=0.7, label=f'good, kept from the training ({len(kept)})')
    if len(inspected):
        axis.hist(inspected, edges, color=INSPECTED_COLOUR, alpha=0.6, label=f'inspected ({len(inspected)})')
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
            f'those in the folder, at most {100 * estimate.rate:.2g} % are expected to be rejected; with '
            f'{estimate.count} pictures to judge by, {100 * estimate.low:.2g} to {100 * estimate.high:.2g} % is '
            f'possible ({100 * estimate.confidence:g} % confidence). More good pictures make this closer. How many '
            'defects are found cannot be known without pictures of defects.')


def _legend(test: Path | None) -> str:
    text = 'Colour marks what is above the normal range; a picture without colour has nothing there.'
    return text if test else f'{text} They are good parts: this is how the largest deviations among them look.'


def _figure(line: dict[str, Any], paths: Paths, overlay: str) -> str:
    source = quote(f'{paths.results.name}/{OVERLAYS}/{picture_name(overlay, ".png")}')
    words = '<span class="defect">defect</span>' if line['is_defect'] else 'good'
    return (f'<figure><img src="{source}" alt=""><figcaption>{html.escape(line["image"])}<br>score '
            f'{line["score"]:.4g}: {words}</figcaption></figure>')


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
                      f'mminspect train {config} --work-dir {again}   # after changing the config'))

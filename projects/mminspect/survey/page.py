"""A survey as one page of HTML, with its pictures in it."""
from __future__ import annotations

import html
import shlex
from collections.abc import Iterator, Sequence

from mminspect.core.page import page

from .charts import box_plots, size_histogram
from .comparing import NUMBERS
from .conclusions import leaks_of, small_objects
from .findings import ERROR, Finding
from .leaks import Copy
from .pictures import thumbnail
from .summary import Table, cues_table, images_table, objects_table, shifts_table, verdict
from .surveying import Survey

#: Pictures, pairs and lines of each kind.
SHOWN = 12
STYLE = """
h2 { margin-top: 2.2rem; border-bottom: 1px solid #ddd }
.finding { border-left: .4rem solid #e08214; background: #fff6ea; padding: .5rem .8rem; margin: .5rem 0 }
.finding.error { border-color: #b00020; background: #fdecef }
.finding.fine { border-color: #5aae61; background: #eef8ef }
.wide { overflow-x: auto } .wide td:first-child, .wide th:first-child { word-break: normal; min-width: 7.5rem }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); gap: 1rem 2rem }
svg { width: 100%; max-width: 34rem; height: auto } svg text { font: 11px system-ui, sans-serif; fill: #444 }
.charts h3 { margin: 0 } .legend span { margin-right: 1rem } .legend i { display: inline-block; width: .8rem;
  height: .8rem; margin-right: .3rem }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .2rem } .pair img { align-self: start }
meter { width: 6rem }
"""


def report(found: Survey) -> str:
    """The whole document."""
    body = [f'<p>{_text(verdict(found)).capitalize()}. {_text(_scope(found))}</p>', *_findings(found.findings),
            '<h2>Images</h2>', _table(images_table(found)), *_distributions(found), *_objects(found), *_cues(found),
            *_copies(found), *_samples(found), *_unreadable(found),
            f'<p><code>mminspect check {_text(shlex.quote(found.name))}</code></p>']
    return page(f'Check of {found.name}', '\n'.join(body), STYLE)


def _scope(found: Survey) -> str:
    return f'{len(found.paths)} image files in {len(found.splits)} split{"s" if len(found.splits) != 1 else ""} were ' \
           'decoded and compared.'


def _text(words: str) -> str:
    return html.escape(words)


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    for finding in sorted(findings, key=lambda finding: finding.level != ERROR):
        yield f'<div class="finding {finding.level}"><b>{finding.level}</b>, {_text(finding.place)}: ' \
              f'{_text(finding.text)}</div>'
    if not findings:
        yield '<div class="finding fine">The checks before a training, and those of this report, have nothing to say.' \
              '</div>'


def _table(table: Table) -> str:
    header, rows = table
    cells = [f'<tr>{"".join(f"<{tag}>{_text(cell)}</{tag}>" for cell in row)}</tr>'
             for tag, lines in (('th', [header]), ('td', rows)) for row in lines]
    return f'<div class="wide"><table>{"".join(cells)}</table></div>'


def _distributions(found: Survey) -> Iterator[str]:
    groups = {f'{one.name}{suffix if one.group(not defective) else ""}': one.group(defective) for one in found.splits
              for defective, suffix in ((False, ', good'), (True, ', defective')) if one.group(defective)}
    if not groups:
        return
    yield '<h2>How the splits differ</h2><p>Median, quartiles, and the range of 90 % of the images.</p>'
    yield '<div class="charts">' + ''.join(
        f'<div><h3>{name}</h3>{box_plots({group: [number(one) for one in images] for group, images in groups.items()})}'
        '</div>' for name, number in NUMBERS.items()) + '</div>'
    if table := shifts_table(found):
        yield '<p>KS is the largest difference of the cumulative distributions; an AUROC of 0.5 means no difference, ' \
              '0 or 1 that no value occurs in both.</p>' + _table(table)


def _objects(found: Survey) -> Iterator[str]:
    if not (table := objects_table(found)):
        return
    yield '<h2>Sizes of objects</h2><p>The square root of the area. ' \
          + (f'The smallest stride of the detector is {found.stride:g} px. ' if found.stride else '') \
          + f"At the network's input, objects below {found.limit:g} px count as small.</p>"
    for one in (one for one in found.splits if one.objects):
        yield f'<h3>{_text(one.name)}</h3>' + size_histogram(
            [thing.before for thing in one.objects], [thing.after for thing in one.objects], found.limit)
    yield _table(table)
    small = [(one, thing) for one in found.splits for thing in small_objects(one, found.limit)]
    small = sorted(small, key=lambda pair: pair[1].after)[:SHOWN]
    if small:
        yield '<h3>The smallest ones</h3><div class="pictures">' + ''.join(
            _figure(thumbnail(thing.path, found.reading_of(thing.path), thing.box),
                    f'{one.name}: {thing.box.category}, {thing.before:.1f} px in the image, {thing.after:.1f} px at '
                    f'the network: {thing.path}') for one, thing in small) + '</div>'


def _cues(found: Survey) -> Iterator[str]:
    yield '<h2>Does one number give defects away?</h2>'
    if not (table := cues_table(found)):
        yield '<p>No split has images with and without defects, so this cannot be told.</p>'
        return
    yield '<p>How well one number of an image, without looking at a defect, tells defective from good images: 0.5 is ' \
          'chance, 1 perfect. A model that is not clearly better than the largest of them may have learned nothing ' \
          'else. Of a category the most telling value counts.</p>'
    header, rows = table
    shown = [[*row[:2], f'{row[2]} {_meter(float(row[2]))}', *row[3:]] for row in rows]
    cells = ''.join(f'<tr>{"".join(f"<td>{cell}</td>" for cell in row)}</tr>'
                    for row in ([_text(row[0]), *row[1:]] for row in shown))
    yield f'<div class="wide"><table><tr>{"".join(f"<th>{_text(cell)}</th>" for cell in header)}</tr>{cells}</table>' \
          '</div>'


def _meter(value: float) -> str:
    return f'<meter min="0.5" max="1" low="0.75" high="0.9" optimum="0.5" value="{value}"></meter>'


def _copies(found: Survey) -> Iterator[str]:
    leaks = leaks_of(found)
    yield '<h2>Copies and leaks</h2><p>Equal pixels, or a mean absolute difference below 2 grey levels at 128x128 ' \
          'between images that are much nearer than images of this set usually are.</p>'
    if not leaks:
        yield '<p>None.</p>'
    for leak in leaks:
        where = f'twice in {leak.first}' if leak.first == leak.second else f'of {leak.second} also in {leak.first}'
        kinds = ', '.join(f'{count} {kind}' for kind, count in leak.kinds.items())
        yield f'<h3>{leak.count} of {leak.total} images {_text(where)}</h3><p>{kinds}</p><div class="pictures">'
        yield from (_pair(found, copy) for copy in leak.copies[:SHOWN])
        yield '</div>'


def _pair(found: Survey, copy: Copy) -> str:
    pictures = ''.join(f'<img src="{thumbnail(path, found.reading_of(path))}" alt="">'
                       for path in (copy.path, copy.other))
    words = f'{copy.path} and {copy.other}: {copy.kind}' + (
        f', difference {copy.difference:.2f}' if copy.difference else '')
    wrong = ' <span class="defect">good and defective</span>' if copy.contradiction else ''
    return f'<figure><div class="pair">{pictures}</div><figcaption>{_text(words)}{wrong}</figcaption></figure>'


def _samples(found: Survey) -> Iterator[str]:
    """The first image of each label, or with an object of each class."""
    for one in found.splits:
        first: dict[str, str] = {}
        for item in one.split.items:
            names = [item.label] if item.label is not None else [box.category for box in item.boxes] or ['no object']
            for name in names if item.path in one.measures else ():
                first.setdefault(name, item.path)
        if first:
            yield f'<h2>Examples: {_text(one.name)}</h2><div class="pictures">' + ''.join(
                _figure(thumbnail(path, found.reading_of(path)), f'{name}: {path}')
                for name, path in list(first.items())[:SHOWN]) + '</div>'


def _unreadable(found: Survey) -> Iterator[str]:
    lines = [f'<li>{_text(f"{one.name}: {path}: {why}")}</li>' for one in found.splits
             for path, why in one.unreadable]
    if lines:
        more = f'<p>and {len(lines) - 100} more</p>' if len(lines) > 100 else ''
        yield f'<h2>Images that cannot be read</h2><ul>{"".join(lines[:100])}</ul>{more}'


def _figure(source: str, words: str) -> str:
    picture = f'<img src="{source}" alt="">' if source else ''
    return f'<figure>{picture}<figcaption>{_text(words)}</figcaption></figure>'

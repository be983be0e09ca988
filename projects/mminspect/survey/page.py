"""A survey as one page of HTML, with its pictures in it."""
from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from mminspect import __version__
from mminspect.core.page import page

from .charts import box_plots, size_histogram
from .comparing import NUMBERS, UNITS
from .conclusions import leaks_of, small_objects
from .copies import NEARLY_EQUAL
from .findings import ERROR, Finding
from .gallery import STYLE as GALLERY
from .gallery import gallery
from .leaks import Copy
from .objects import ObjectSize
from .pictures import thumbnail
from .places import Places
from .summary import Table, cues_table, images_table, objects_table, shifts_table, verdict
from .surveying import SplitSurvey, Survey

#: Pictures, pairs and lines of each kind.
SHOWN = 12
STYLE = """
h2 { margin-top: 2.2rem; border-bottom: 1px solid #ddd }
.finding { border-left: .4rem solid #e08214; background: #fff6ea; padding: .5rem .8rem; margin: .5rem 0 }
.finding.error { border-color: #b00020; background: #fdecef }
.finding.fine { border-color: #5aae61; background: #eef8ef }
.wide { overflow-x: auto; overflow-wrap: break-word } .wide td, .wide th { max-width: 24rem }
.wide td:first-child, .wide th:first-child { word-break: normal; min-width: 7.5rem } .wide td { vertical-align: top }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); gap: 1rem 2rem }
svg { width: 100%; max-width: 34rem; height: auto } svg text { font: 11px system-ui, sans-serif; fill: #444 }
.charts h3 { margin: 0 } .legend span { margin-right: 1rem } .legend i { display: inline-block; width: .8rem;
  height: .8rem; margin-right: .3rem }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .2rem } .pair img { align-self: start }
meter { width: 6rem }
@media (max-width: 40rem) { .wide td, .wide th { padding: .2rem .4rem } }
"""


def report(found: Survey) -> str:
    """The whole document."""
    places = Places(item.path for one in found.splits for item in one.split.items)
    body = [f'<p>{_text(verdict(found)).capitalize()}. {_text(_scope(found, places))}</p>', *_findings(found.findings),
            '<h2>Images</h2>', _table(images_table(found)),
            *(part for one in found.splits for part in gallery(one, places)), *_distributions(found),
            *_objects(found, places), *_cues(found), *_copies(found, places), *_unreadable(found, places),
            f'<p>Made by <code>mminspect check</code> {__version__} of the config '
            f'<code>{_text(found.config or found.name)}</code>.</p>']
    return page(f'Check of {found.name}', '\n'.join(body), STYLE + GALLERY)


def _scope(found: Survey, places: Places) -> str:
    counted = [one for one in found.splits if one.split.problem is None]
    of = f'{len(counted)} of {len(found.splits)}' if len(counted) < len(found.splits) else f'{len(counted)}'
    return f'{len(found.paths)} image files in {of} split{"s" if len(found.splits) != 1 else ""} were decoded and ' \
           'compared.' + (f' Paths below pictures begin at {places.root}.' if places.root and found.paths else '')


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
    yield '<div class="charts">'
    for name, number in NUMBERS.items():
        values = {group: [number(one) for one in images] for group, images in groups.items()}
        yield f'<div><h3>{name}{UNITS.get(name, "")}</h3>{box_plots(values)}</div>'
    yield '</div>'
    if table := shifts_table(found):
        yield '<p>KS is the largest difference of the cumulative distributions; an AUROC of 0.5 means no difference, ' \
              '0 or 1 that no value occurs in both.</p>' + _table(table)


def _objects(found: Survey, places: Places) -> Iterator[str]:
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
    small = _different(sorted(small, key=lambda pair: pair[1].after))[:SHOWN]
    if small:
        yield '<h3>The smallest ones</h3><div class="pictures">' + ''.join(
            _figure(thumbnail(thing.path, found.reading_of(thing.path), thing.box),
                    f'{one.name}: {thing.box.category}, {thing.before:.1f} px in the image, {thing.after:.1f} px at '
                    f'the network: {places.shown(thing.path)}') for one, thing in small) + '</div>'


def _different(things: Sequence[tuple[SplitSurvey, ObjectSize]]) -> list[tuple[SplitSurvey, ObjectSize]]:
    """One object of each image first, then the others; each in their order."""
    first = {thing.path: number for number, (_, thing) in reversed([*enumerate(things)])}
    return sorted(things, key=lambda pair: pair is not things[first[pair[1].path]])


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


def _copies(found: Survey, places: Places) -> Iterator[str]:
    leaks = leaks_of(found)
    yield '<h2>Copies and leaks</h2><p>Equal pixels, or a mean absolute difference below 2 grey levels at 128x128 ' \
          'between images that are much nearer than images of this set usually are. What is nearly equal may still ' \
          'differ in a small defect.</p>'
    if not leaks:
        yield '<p>None.</p>'
    for leak in leaks:
        near = ', nearly equal' if {*leak.kinds} == {NEARLY_EQUAL} else ''
        where = f'twice in {leak.first}' if leak.first == leak.second else f'of {leak.second} also in {leak.first}'
        kinds = ', '.join(f'{count} {kind}' for kind, count in leak.kinds.items())
        yield f'<h3>{leak.count} of {leak.total} images {_text(where)}{near}</h3><p>{kinds}</p><div class="pictures">'
        yield from (_pair(found, copy, places) for copy in leak.copies[:SHOWN])
        yield '</div>'


def _pair(found: Survey, copy: Copy, places: Places) -> str:
    pictures = ''.join(f'<img src="{thumbnail(path, found.reading_of(path))}" alt="">'
                       for path in (copy.path, copy.other))
    words = f'{places.shown(copy.path)} and {places.shown(copy.other)}: {copy.kind}' + (
        f', difference {copy.difference:.2f}' if copy.difference else '')
    wrong = ' <span class="defect">good and defective</span>' if copy.contradiction else ''
    return f'<figure><div class="pair">{pictures}</div><figcaption>{_text(words)}{wrong}</figcaption></figure>'


def _unreadable(found: Survey, places: Places) -> Iterator[str]:
    lines = [f'<li>{_text(f"{one.name}: {places.shown(path)}: {why}")}</li>' for one in found.splits
             for path, why in one.unreadable]
    if lines:
        more = f'<p>and {len(lines) - 100} more</p>' if len(lines) > 100 else ''
        yield f'<h2>Images that cannot be read</h2><ul>{"".join(lines[:100])}</ul>{more}'


def _figure(source: str, words: str) -> str:
    picture = f'<img src="{source}" alt="">' if source else ''
    return f'<figure>{picture}<figcaption>{_text(words)}</figcaption></figure>'

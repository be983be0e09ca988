"""Draw the packages of this project and what imports what, from the files, into docs/images/architecture.svg.

    python tools/docs/architecture.py            # draw
    python tools/docs/architecture.py --check    # exit with 1 if the picture is not what the files say

A box is a package below projects/ (of mminspect each of its parts), an arrow points at what is imported. Arrows that a
longer way says already are left out: who imports inspection stands on core too. Dashed: only inside of functions, when
it is needed. Boxes stand on all that they import, packages that import each other side by side.
"""
from __future__ import annotations

import argparse
import ast
import itertools
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / 'docs' / 'images' / 'architecture.svg'
#: The package whose parts are boxes of their own.
DIVIDED = 'mminspect'
FILLS = {DIVIDED: '#dbe9f6', 'anomaly_rd': '#e3f2dc', 'fdrd': '#e3f2dc'}
OTHER_FILL, LINE = '#eeeeee', '#44546a'
WIDTH, HEIGHT, GAP, ROW, MARGIN = 176, 42, 34, 96, 34

#: (importing package, imported package) -> whether a module does it as it is imported itself, not in a function.
Imports = Mapping[tuple[str, str], bool]


def read_imports(projects: Path) -> dict[tuple[str, str], bool]:
    """The imports between the packages of a folder."""
    found: dict[tuple[str, str], bool] = {}
    for file in sorted(projects.rglob('*.py')):
        tree = ast.parse(file.read_text(encoding='utf-8'))
        at_once = {id(node) for node in tree.body}
        own = package_of(file.relative_to(projects).with_suffix('').parts, projects)
        for node in ast.walk(tree):
            for name in imported_names(node):
                other = package_of(name.split('.'), projects)
                if other not in (None, own) and own is not None:
                    found[own, other] = found.get((own, other), False) or id(node) in at_once
    return found


def imported_names(node: ast.AST) -> Iterator[str]:
    """Absolute dotted names; relative imports stay within a package here."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and not node.level:
        yield from (f'{node.module}.{alias.name}' for alias in node.names)


def package_of(parts: list[str] | tuple[str, ...], projects: Path) -> str | None:
    """The box of a module; None for one of another project and for those of mminspect that are in no part of it."""
    if parts[0] == DIVIDED:
        is_part = len(parts) > 1 and (projects / DIVIDED / parts[1]).is_dir()
        return f'{DIVIDED}.{parts[1]}' if is_part else None
    return parts[0] if (projects / parts[0]).is_dir() else None


def reachable(imports: Imports) -> set[tuple[str, str]]:
    """Pairs of packages, the second of which is imported by the first, if over others; those in functions left out."""
    pairs = {pair for pair, at_once in imports.items() if at_once}
    names = sorted({name for pair in imports for name in pair})
    for middle, start, end in itertools.product(names, repeat=3):  # Warshall: the middle is the outermost loop
        if (start, middle) in pairs and (middle, end) in pairs:
            pairs.add((start, end))
    return pairs


def levels(imports: Imports) -> dict[str, int]:
    """How high each package stands: one above the highest that it imports; packages that import each other equal."""
    pairs = reachable(imports)
    names = sorted({name for pair in imports for name in pair})

    def height(name: str) -> int:
        below = [end for start, end in pairs if start == name and (end, name) not in pairs]
        return 1 + max(map(height, below)) if below else 0
    return {name: height(name) for name in names}


def telling(imports: Imports) -> dict[tuple[str, str], bool]:
    """The imports without those that a longer way says already."""
    pairs = reachable(imports)

    def is_said(start: str, end: str) -> bool:
        return any((start, name) in pairs and (name, end) in pairs
                   and (name, start) not in pairs and (end, name) not in pairs for name, _ in imports)
    return {(start, end): at_once for (start, end), at_once in sorted(imports.items())
            if not (is_said(start, end) if at_once else (start, end) in pairs)}


def places(imports: Imports) -> dict[str, tuple[int, int]]:
    """Upper left corner of every box: rows by level, in a row near to what is imported."""
    heights, found = levels(imports), {}
    rows = [sorted(name for name in heights if heights[name] == level) for level in range(max(heights.values()) + 1)]
    whole = max(len(row) * (WIDTH + GAP) - GAP for row in rows)
    for level, row in enumerate(rows):
        def middle(name: str) -> float:
            below = [found[end][0] for start, end in imports if start == name and end in found]
            return sum(below) / len(below) if below else 0
        row.sort(key=lambda name: (middle(name), name))
        left = MARGIN + (whole - len(row) * (WIDTH + GAP) + GAP) // 2
        for number, name in enumerate(row):
            found[name] = left + number * (WIDTH + GAP), MARGIN + (len(rows) - 1 - level) * ROW
    return found


def draw(imports: Imports) -> str:
    """The picture as SVG."""
    corners = places(imports)
    width = max(x for x, _ in corners.values()) + WIDTH + MARGIN
    height = max(y for _, y in corners.values()) + HEIGHT + MARGIN
    lines = [arrow(corners[start], corners[end], at_once, corners.values())
             for (start, end), at_once in telling(imports).items()]
    boxes = [box(name, corner) for name, corner in sorted(corners.items())]
    return '\n'.join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        'font-size="14" text-anchor="middle">',
        f'<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="{LINE}"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="white"/>', *lines, *boxes, '</svg>', ''])


def arrow(start: tuple[int, int], end: tuple[int, int], at_once: bool, corners: Iterable[tuple[int, int]]) -> str:
    """From one box to another, past the other boxes; between neighbours in a row from side to side."""
    (x1, y1), (x2, y2) = start, end
    if y1 == y2:
        x1, x2 = (x1 + WIDTH, x2) if x1 < x2 else (x1, x2 + WIDTH)
        path = f'M{x1} {y1 + HEIGHT // 2}L{x2} {y1 + HEIGHT // 2}'
    else:
        # upward arrows (in functions alone) leave and arrive a little beside the downward ones
        aside = WIDTH // 2 + (0 if y1 < y2 else 24)
        points = way((x1 + aside, y1), (x2 + aside, y2), list(corners))
        path = f'M{points[0][0]} {points[0][1]}'
        for number, ((xa, ya), (xb, yb)) in enumerate(itertools.pairwise(points)):
            # between rows in a curve that begins and ends upright, past a row straight
            path += f'C{xa} {(ya + yb) // 2} {xb} {(ya + yb) // 2} {xb} {yb}' if number % 2 == 0 else f'L{xb} {yb}'
    dashes = '' if at_once else ' stroke-dasharray="5 4"'
    return f'<path d="{path}" fill="none" stroke="{LINE}" stroke-width="1.3"{dashes} marker-end="url(#head)"/>'


def way(start: tuple[int, int], end: tuple[int, int], corners: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Points from the edge of one box to that of another: where it leaves a row and where it enters the next one, past
    the boxes of each row between in the gap that is nearest to the straight line."""
    (x1, y1), (x2, y2) = start, end
    down = y1 < y2
    points = [(x1, y1 + HEIGHT if down else y1)]
    for y in sorted({y for _, y in corners if min(y1, y2) < y < max(y1, y2)}, reverse=not down):
        lefts = sorted(x for x, row in corners if row == y)
        gaps = [lefts[0] - GAP // 2, *(left + WIDTH + GAP // 2 for left in lefts)]
        straight = x1 + (x2 - x1) * (y - y1) / (y2 - y1)
        x = min(gaps, key=lambda gap: (abs(gap - straight), gap))
        points += [(x, y), (x, y + HEIGHT)] if down else [(x, y + HEIGHT), (x, y)]
    return [*points, (x2, y2 if down else y2 + HEIGHT)]


def box(name: str, corner: tuple[int, int]) -> str:
    """A package."""
    x, y = corner
    fill = FILLS.get(name.split('.')[0], OTHER_FILL)
    return (f'<g><rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="{fill}" stroke="{LINE}"/>'
            f'<text x="{x + WIDTH // 2}" y="{y + HEIGHT // 2 + 5}">{escape(name)}</text></g>')


def main(argv: list[str] | None = None) -> int:
    """Draw, or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--check', action='store_true', help='change nothing')
    args = parser.parse_args(argv)
    picture = draw(read_imports(ROOT / 'projects'))
    if args.check:
        if PICTURE.is_file() and PICTURE.read_text(encoding='utf-8') == picture:
            return 0
        print(f'{PICTURE.relative_to(ROOT)} is not what the files say: run tools/docs/architecture.py', file=sys.stderr)
        return 1
    PICTURE.write_text(picture, encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main())

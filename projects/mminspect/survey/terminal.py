"""A survey on the terminal."""
from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.progress import track
from rich.table import Table as RichTable
from rich.text import Text

from .findings import ERROR
from .summary import Table, cues_table, images_table, objects_table, shifts_table, verdict
from .surveying import Survey

#: Where output goes into a file.
_WIDTH = 160
_COLOURS = {ERROR: 'bold red', 'warning': 'yellow'}


def show(found: Survey, console: Console | None = None) -> None:
    """Print tables, then every finding, errors last, where the eye is."""
    console = console or _console()
    for title, table in (('Images', images_table(found)), ('Objects', objects_table(found)),
                         ('Does one number give defects away?', cues_table(found)),
                         ('How the splits differ', shifts_table(found))):
        if table is not None:
            console.print(_rich(title, table))
            console.print()
    for finding in sorted(found.findings, key=lambda finding: finding.level == ERROR):
        console.print(Text.assemble((f'{finding.level}: ', _COLOURS[finding.level]), f'{finding.place}: ',
                                    finding.text), soft_wrap=True)
    console.print(Text(f'{found.name}: {verdict(found)}', 'bold'), soft_wrap=True)


def progress(steps: Iterable[tuple], total: int) -> Iterator[tuple]:
    """Go through steps with a bar on standard error, where that is a terminal."""
    console = Console(stderr=True)
    return track(steps, 'looking at the images', total, console=console, transient=True,
                 disable=not console.is_terminal)


def _console() -> Console:
    return Console() if sys.stdout.isatty() else Console(width=_WIDTH, force_jupyter=False)


def _rich(title: str, table: Table) -> RichTable:
    header, rows = table
    made = RichTable(title=title, title_justify='left', title_style='bold', box=None, pad_edge=False)
    for number, name in enumerate(header):
        made.add_column(Text(name), justify='right' if number else 'left', overflow='fold')
    for row in rows:
        made.add_row(*map(Text, row))
    return made

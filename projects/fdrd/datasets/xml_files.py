"""XML files of annotations, read without what makes XML dangerous: entities may stand for gigabytes or other files."""
from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from mminspect.core.errors import UserError
from mminspect.core.text_files import read_text

#: Elements in elements; annotations need six.
_DEEPEST = 50


@dataclass
class Element:
    """One element.

    Attributes:
        kind: Its name.
        values: Attributes.
        line: In the file, from 1.
        source: The file.
        text: What stands in it, without that of elements in it.
        parts: The elements in it.
    """

    kind: str
    values: dict[str, str]
    line: int
    source: str
    text: str = ''
    parts: list[Element] = field(default_factory=list)

    def __str__(self) -> str:
        return f"the <{self.kind}> in line {self.line} of '{self.source}'"

    def all(self, kind: str) -> Iterator[Element]:
        """The elements of a kind that are directly in this one, whatever the case of their names."""
        return (part for part in self.parts if part.kind.lower() == kind)

    def first(self, kind: str) -> Element | None:
        """The first of :meth:`all`."""
        return next(self.all(kind), None)

    def within(self) -> Iterator[Element]:
        """All elements in this one, and in those."""
        for part in self.parts:
            yield part
            yield from part.within()

    def number(self, key: str, default: str | None = None) -> float:
        """An attribute as a finite number; raises UserError if it is none."""
        text = self.values.get(key, default)
        value = finite(text)
        if value is None:
            raise UserError(f'{self} has {key}={text!r}: it must be a number, so correct the line or export the file '
                            'again')
        return value


def finite(text: str | None) -> float | None:
    """The number that a text is; None for a text that is none, NaN, infinite or too large to count pixels with."""
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) and abs(value) < 1e15 and '_' not in text else None


def read_xml(path: str | Path, what: str = 'annotation file') -> Element:
    """The outermost element of a file with all that is in it.

    Raises:
        UserError: The file is missing, no text, no XML, declares entities or is nested deeper than annotations are.
    """
    stack = [Element('', {}, 0, str(path))]

    def start(element: Element) -> None:
        stack[-1].parts.append(element)
        stack.append(element)

    def end(kind: str, text: str) -> None:
        stack.pop().text = text

    walk_xml(path, start, end, what)
    return stack[0].parts[0]


def walk_xml(path: str | Path, start: Callable[[Element], None], end: Callable[[str, str], None],
             what: str = 'annotation file') -> None:
    """Call functions where elements begin and end, without keeping the whole file as elements.

    Args:
        path: Of the file.
        start: Called with each element, which has no text and no parts yet.
        end: Called with the name of an element and the text that stands directly in it.
        what: The file is, for messages.

    Raises:
        UserError: As :func:`read_xml`, and whatever the functions raise.
    """
    text, name = read_text(path, what), f"{what} '{path}'"
    parser, texts = expat.ParserCreate(), []
    parser.buffer_text = True

    def begin(kind: str, values: dict[str, str]) -> None:
        if len(texts) >= _DEEPEST:
            raise UserError(f'{name} has more than {_DEEPEST} elements in each other in line '
                            f'{parser.CurrentLineNumber}, which no annotation has: export it again')
        texts.append([])
        start(Element(kind, values, parser.CurrentLineNumber, str(path)))

    def refuse(*_: object) -> None:
        raise UserError(f'{name} declares or uses an entity in line {parser.CurrentLineNumber}, which annotations do '
                        'not need and which may stand for gigabytes: remove its <!DOCTYPE ...> and export it again')

    parser.StartElementHandler = begin
    parser.EndElementHandler = lambda kind: end(kind, ''.join(texts.pop()))
    parser.CharacterDataHandler = lambda data: texts[-1].append(data)
    parser.EntityDeclHandler = parser.SkippedEntityHandler = refuse
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise UserError(f'{name} is not valid XML ({error}): repair it or export it again') from error

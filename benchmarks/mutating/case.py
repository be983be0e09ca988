"""What a mutated input is, what is right for it, and what became of it.

A kind of input makes files from a seed, knows from how it made them (or from a reader of its own, which shares nothing
with the project's) what a right reader gives, and tries them through the project's own entry.
"""
from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from mminspect.core.cli import sentence


class Verdict(StrEnum):
    """Of the oracle, which the project's readers have no part in."""

    RIGHT = 'right'  # has to be read, with this content
    WRONG = 'wrong'  # has to be refused, or read with a warning
    EITHER = 'either'  # may be refused; where it is read, with this content


class Outcome(StrEnum):
    """What became of an input."""

    ACCEPTED = 'accepted, right'
    REFUSED = 'refused in one sentence'
    WARNED = 'accepted with a warning'
    SILENT = 'accepted though wrong, in silence'
    TOO_STRICT = 'refused though right'
    TRACEBACK = 'traceback'
    CRASH = 'crash of the interpreter'
    HANG = 'hang'


#: What must not be.
FAILURES = (Outcome.SILENT, Outcome.TOO_STRICT, Outcome.TRACEBACK, Outcome.CRASH, Outcome.HANG)


@dataclass(frozen=True)
class Mutant:
    """An input that has been written.

    Attributes:
        operator: What was done to it.
        verdict: Of the oracle.
        content: What a right reader gives, in the kind's own form; None: nobody can know.
    """

    operator: str
    verdict: Verdict
    content: Any = None


@dataclass(frozen=True)
class Answer:
    """Of the project, which took the input.

    Attributes:
        content: What training or inspection would get of it.
        warnings: What was said about it.
    """

    content: Any
    warnings: tuple[str, ...] = ()


#: Changes a draft in place; the verdict where it differs from that under which the operator is listed.
Operator = Callable[[random.Random, Any], Verdict | None]


class Operators(dict[str, tuple[Verdict, Operator]]):
    """Operators by name, with what an input is behind them."""

    def add(self, verdict: Verdict) -> Callable[[Operator], Operator]:
        """Decorator; the function's name, with spaces, is the operator's."""
        def register(function: Operator) -> Operator:
            self[function.__name__.strip('_').replace('_', ' ')] = verdict, function
            return function
        return register

    def apply(self, name: str, chance: random.Random, draft: Any) -> Verdict:
        """Change a draft."""
        verdict, function = self[name]
        return function(chance, draft) or verdict


class Kind(ABC):
    """A kind of input."""

    name: str

    def prepare(self) -> None:  # noqa: B027 (most have nothing to do)
        """Import what is slow; once, before processes are forked."""

    @abstractmethod
    def make(self, chance: random.Random, folder: Path) -> Mutant:
        """Write an input into an empty folder."""

    @abstractmethod
    def attempt(self, folder: Path) -> Answer:
        """Have the project read it; raises what the project raises."""

    def equal(self, expected: Any, found: Any) -> bool:
        """Whether the project found what is there."""
        return expected == found


def attempted(kind: Kind, mutant: Mutant, folder: Path) -> tuple[Outcome, str]:
    """What the project makes of an input, and what it says."""
    try:
        answer = kind.attempt(folder)
    except MemoryError:
        return Outcome.TRACEBACK, 'MemoryError'
    except BaseException as error:
        said = sentence(error)
        if said is None:
            return Outcome.TRACEBACK, f'{type(error).__name__}: {error} [{_place(error)}]'
        return Outcome.TOO_STRICT if mutant.verdict is Verdict.RIGHT else Outcome.REFUSED, said
    fits = mutant.content is None or kind.equal(mutant.content, answer.content)
    said = ' | '.join(answer.warnings)
    if fits and mutant.verdict is not Verdict.WRONG:
        return Outcome.ACCEPTED, said
    return (Outcome.WARNED if answer.warnings else Outcome.SILENT), said


def _place(error: BaseException) -> str:
    """File and line of the innermost frame of this project."""
    found, frame = '', error.__traceback__
    while frame is not None:
        code = frame.tb_frame.f_code
        if '/projects/' in code.co_filename:
            found = f'{code.co_filename.partition("/projects/")[2]}:{frame.tb_lineno}'
        frame = frame.tb_next
    return found


def seeded(kind: str, seed: int) -> random.Random:
    """The numbers that an input is made of: the same wherever it is made."""
    return random.Random(f'{kind} {seed}')

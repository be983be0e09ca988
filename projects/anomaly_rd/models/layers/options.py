"""Options that are words."""
from __future__ import annotations

from collections.abc import Sequence

from mminspect.core.errors import UserError


def check_option(name: str, value: object, known: Sequence[str]) -> None:
    """Raise UserError unless ``value`` is one of the ``known`` words: a mistyped one would be another model."""
    if value not in known:
        raise UserError(f'{name} is {value!r}, known are {", ".join(known)}: change it in the config')

"""Options that are words."""
from __future__ import annotations

from collections.abc import Iterable

from mminspect.core.errors import UserError


def check_option(name: str, value: object, known: Iterable[object]) -> None:
    """Refuse a mistyped word, which would be another model.

    Args:
        name: Where the word stands, as a user finds it: ``'map_head.fusion'``.
        value: The word.
        known: All that are allowed.

    Raises:
        UserError: ``value`` is none of them.
    """
    known = tuple(known)
    if value not in known:
        raise UserError(f'{name} is {value!r}, known are {", ".join(map(str, known))}: change it in the config')

"""Values that a file says: whoever wrote it need not have been this project, and bytes rot.

Each function gives the value if it is one of its kind.

Raises:
    ValueError: It is none; the message has the name and the value.
"""
from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

#: Letters of a word, such as the name of a class.
LONGEST_WORD = 1000


def finite(value: Any, name: str, low: float = -math.inf, high: float = math.inf) -> float:
    """A number that is neither NaN nor infinite, from ``low`` to ``high``."""
    if isinstance(value, bool) or not isinstance(value, Real) or not low <= value <= high:
        raise _refusal(value, name)
    try:
        number = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        raise _refusal(value, name) from None
    if not abs(number) < 1e300:  # NaN is not, and larger ones overflow where they are squared or summed
        raise _refusal(value, name)
    return number


def whole(value: Any, name: str, low: int, high: float = math.inf) -> int:
    """A whole number from ``low`` to ``high``."""
    if isinstance(value, bool) or not isinstance(value, Integral) or not low <= value <= high:
        raise _refusal(value, name)
    return int(value)


def word(value: Any, name: str) -> str:
    """Text in one line, with something in it."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_WORD \
            or any(unicodedata.category(letter) in ('Cc', 'Cs') for letter in value):
        raise _refusal(value, name)
    return value


def entries(value: Any, name: str) -> Mapping[str, Any]:
    """Values by names."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise _refusal(value, name)
    return value


def listed(value: Any, name: str, least: int = 0) -> list[Any] | tuple[Any, ...]:
    """A list of ``least`` values at least."""
    if not isinstance(value, (list, tuple)) or len(value) < least:
        raise _refusal(value, name)
    return value


def _refusal(value: Any, name: str) -> ValueError:
    text = repr(value)
    return ValueError(f'{name} is {text if len(text) <= 60 else f"{text[:57]}..."}')

"""Why images are refused that a decoder would show."""
from __future__ import annotations


class UnusualImageError(ValueError):
    """A file is whole, but of a kind that some decoder would show otherwise than others, so that none is asked; the
    message says the kind in a few words."""


class UnsoundImageError(ValueError):
    """A file is damaged, or would keep a decoder busy for minutes; the message says why in a few words."""

"""Images that are whole, and of a kind that is refused."""
from __future__ import annotations


class UnusualImageError(ValueError):
    """A file is of a kind that some decoder would show otherwise than others, so that none is asked; the message says
    the kind in a few words."""

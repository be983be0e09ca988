"""Libraries that talk about what is none of the user's business."""
from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_advice() -> Iterator[None]:
    """Without Python's log below errors: exporters and quantisers describe there what they leave as it is."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)

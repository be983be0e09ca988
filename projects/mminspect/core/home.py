"""Where the configs and the tools are, which are no modules: in an installed package, or in a checkout."""
from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
#: Where OpenMMLab's packages carry them (mim's and mmengine's convention); setup.py puts them there for the wheel.
CARRIED = PACKAGE / '.mim'


def home() -> Path:
    """The folder that holds ``configs/`` and ``tools/``: the one in the installed package, else the checkout's root."""
    return CARRIED if CARRIED.is_dir() else PACKAGE.parents[1]

from __future__ import annotations

from pathlib import Path

import pytest

from mminspect.core.errors import UserError
from mminspect.station.sources import open_source


@pytest.mark.parametrize('text', ['', 'camera', 'camera:', 'webcam:0', '/data/images', 'folder', 'http://host/stream'])
def test_other_words(text: str) -> None:
    with pytest.raises(UserError, match='is no source of frames'):
        open_source(text)


@pytest.mark.parametrize('rate', [0, -1, 1001, float('nan')])
def test_rates(rate: float, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r'rate of folder:.* must be above 0'):
        open_source(f'folder:{tmp_path}', rate)

"""The pictures that are kept for the threshold."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from anomaly_rd.datasets import FolderDataset
from anomaly_rd.quickstart.own_config import write_config
from anomaly_rd.quickstart.training_data import check_files, held_out, promised_rate
from mminspect.core.errors import UserError
from mminspect.runtime import load_config


def write_picture(path: Path) -> None:
    """Noise of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = [ord(letter) for letter in path.name]
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(path)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    for index in range(20):
        write_picture(tmp_path / 'caps' / f'{index}.png')
    return write_config(tmp_path / 'caps', tmp_path / 'run')


def test_they_are_those_that_the_training_does_not_see(config: Path, tmp_path: Path) -> None:
    kept = held_out(load_config(str(config)))
    trained = {item['img_path'] for item in FolderDataset(str(tmp_path / 'caps'), holdout=0.2, lazy_init=True).images()}
    assert len(kept) == 4 and not trained & set(kept)
    assert trained | set(kept) == {str(path) for path in (tmp_path / 'caps').iterdir()}


def test_what_is_left_out_is_told_once(config: Path, tmp_path: Path) -> None:
    cfg = load_config(str(config))
    assert check_files(cfg) == []
    write_picture(tmp_path / 'caps' / '@eaDir' / '1.png')
    line, = check_files(cfg)
    assert line.startswith('20 good images taken; left out: 1 in folders of the system (first: ')


def test_a_config_that_keeps_none(config: Path) -> None:
    config.write_text(config.read_text().replace('holdout=0.2', 'holdout=0.0'))
    with pytest.raises(UserError, match=r'caps\.py keeps no pictures for the threshold: set holdout'):
        held_out(load_config(str(config)))


def test_the_rate_that_so_many_promise() -> None:
    assert promised_rate(None, 39) == 0.025  # 1 / 40
    assert promised_rate(None, 8) == pytest.approx(1 / 9)  # what such a threshold is expected to reject
    assert promised_rate(0.1, 39) == 0.1
    with pytest.raises(UserError, match=r'the 39 good pictures .* rate of 1 %, which needs 99: .* ask for 2.5 % or'):
        promised_rate(0.01, 39)
    with pytest.raises(UserError, match='lies between 0 and 1'):
        promised_rate(1.5, 39)

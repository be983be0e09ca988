from __future__ import annotations

import numpy as np
import pytest

from anomaly_rd.datasets.transforms import SimplexPatch
from mminspect.core.errors import UserError


def test_noise_only_inside_of_one_rectangle() -> None:
    transform = SimplexPatch()
    for seed in range(20):
        np.random.seed(seed)
        image = np.random.default_rng(seed).integers(0, 256, (64, 96, 3), dtype=np.uint8)
        found = transform(dict(img=image))
        mask, change = found['synthetic_mask'].astype(bool), found['img_corrupt'] - image.astype(np.float32)
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        assert mask[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1].all() and mask.sum() == len(rows) * len(columns)
        assert 10 <= len(rows) <= 32 and 10 <= len(columns) <= 32
        assert not change[~mask].any() and change[mask].std() > 3 and np.abs(change).max() < 255
        assert found['img_corrupt'].dtype == np.float32


def test_values_are_not_clipped_and_the_seed_decides() -> None:
    white = np.full((64, 64, 3), 255, np.uint8)
    np.random.seed(1)
    first = SimplexPatch()(dict(img=white))
    assert first['img_corrupt'].max() > 255
    np.random.seed(1)
    assert np.array_equal(SimplexPatch()(dict(img=white))['img_corrupt'], first['img_corrupt'])
    small = SimplexPatch()(dict(img=white[:6, :20]))
    assert small['synthetic_mask'].any(1).all()  # no larger than the image


@pytest.mark.parametrize('options', [dict(sides=(0, 5)), dict(sides=(9, 5)), dict(strength=0)])
def test_values_out_of_range(options: dict) -> None:
    with pytest.raises(UserError, match='SimplexPatch'):
        SimplexPatch(**options)

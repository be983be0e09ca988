from __future__ import annotations

import numpy as np
import pytest

from anomaly_rd.datasets.transforms import PerlinTexture
from mminspect.core.errors import UserError


def results(seed: int = 0, shape: tuple[int, int] = (64, 96)) -> dict:
    return dict(img=np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8))


def test_only_the_mask_is_changed_and_by_the_texture() -> None:
    transform, changed = PerlinTexture(prob=1), 0
    for seed in range(20):
        np.random.seed(seed)
        found = transform(results(seed))
        image, corrupt, mask = found['img'], found['img_corrupt'], found['synthetic_mask'].astype(bool)
        assert corrupt.shape == image.shape and corrupt.dtype == np.uint8 and mask.shape == image.shape[:2]
        assert found['synthetic_mask'].dtype == np.uint8 and np.array_equal(corrupt[~mask], image[~mask])
        changed += mask.any() and not np.array_equal(corrupt[mask], image[mask])
    assert changed > 12


def test_mixture_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    transform = PerlinTexture(prob=1, threshold=-9, opacity=0.5)  # everywhere
    texture = np.full((64, 96, 3), 200, np.uint8)
    monkeypatch.setattr(transform.textures, 'draw', lambda image, random: texture)
    found = transform(dict(img=np.zeros((64, 96, 3), np.uint8)))
    assert found['synthetic_mask'].all() and len(np.unique(found['img_corrupt'])) == 1
    assert 100 <= found['img_corrupt'][0, 0, 0] <= 200


def test_half_of_the_images_stay_clean_and_the_seed_decides() -> None:
    transform = PerlinTexture(prob=0.5, scales=(1, 3))
    np.random.seed(0)
    empty = sum(not transform(results())['synthetic_mask'].any() for _ in range(60))
    assert 18 < empty < 50
    np.random.seed(4)
    first = PerlinTexture(prob=1)(results())
    np.random.seed(4)
    again = PerlinTexture(prob=1)(results())
    assert np.array_equal(first['img_corrupt'], again['img_corrupt'])


def test_pixels_of_12_bits_stay_numbers_of_their_kind() -> None:
    image = np.random.default_rng(0).uniform(0, 255, (32, 32, 3)).astype(np.float32)
    found = PerlinTexture(prob=1, textures=dict(kinds=('procedural', )))(dict(img=image))
    assert found['img_corrupt'].dtype == np.float32


@pytest.mark.parametrize('options', [dict(prob=2), dict(opacity=-1), dict(scales=(3, 1)), dict(scales=(0, 9))])
def test_values_out_of_range(options: dict) -> None:
    with pytest.raises(UserError, match='PerlinTexture'):
        PerlinTexture(**options)

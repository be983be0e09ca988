from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from anomaly_rd.datasets.transforms import CentreCrop, ResizeInspection
from mminspect.core.errors import UserError

IMAGE = np.random.default_rng(0).integers(0, 256, (96, 160, 3), dtype=np.uint8)


def antialiased(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """torch's own antialiased bilinear interpolation of (H, W, C)."""
    stacked = torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1)[None]
    resized = F.interpolate(stacked, size=size, mode='bilinear', align_corners=False, antialias=True)
    return resized[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize('size', [(64, 32), (32, 96), (128, 192)])
def test_images_as_torch_resizes_them(size: tuple[int, int]) -> None:
    expected = antialiased(IMAGE, size)
    results = ResizeInspection(size)(dict(img=IMAGE))
    assert results['img'].dtype == np.uint8 and results['img_shape'] == size
    assert np.abs(results['img'] - expected).max() < 1.01  # Pillow rounds behind each of the two directions
    deep = ResizeInspection(size)(dict(img=IMAGE.astype(np.float32) + 0.25))['img']
    assert deep.dtype == np.float32
    np.testing.assert_allclose(deep, expected + 0.25, atol=1e-2)


def test_a_thin_line_does_not_vanish() -> None:
    image = np.zeros((512, 512, 3), np.uint8)
    image[:, 255] = 255
    row = ResizeInspection(64)(dict(img=image))['img'][30, :, 0].astype(float)
    assert row.sum() * 8 == pytest.approx(255, rel=0.06)  # as much light as before, on an eighth of the pixels


def test_mask_is_cut_at_half() -> None:
    """Of blocks of 2x2 pixels that become one, those with more than two marked ones stay (antialias weighs further)."""
    mask = np.zeros((64, 64), np.uint8)
    mask[:32] = 1
    mask[40:44, 8:12] = 1
    results = ResizeInspection(32)(dict(img=IMAGE, gt_mask=mask))
    expected = antialiased(mask[..., None] * 255, (32, 32))[..., 0]
    np.testing.assert_array_equal(results['gt_mask'], np.round(expected) / 255 > 0.5)
    assert results['gt_mask'].dtype == np.uint8 and results['gt_mask'][:16].all()


def test_nearest_keeps_single_pixels_that_bilinear_loses() -> None:
    mask = np.zeros((64, 64), np.uint8)
    mask[1::2, 1::2] = 1
    assert not ResizeInspection(32).resize_mask(mask).any()
    assert ResizeInspection(32, mask_interpolation='nearest').resize_mask(mask).all()


def test_same_size_is_left_alone() -> None:
    results = ResizeInspection((96, 160))(dict(img=IMAGE, gt_mask=IMAGE[..., 0] // 255))
    np.testing.assert_array_equal(results['img'], IMAGE)
    np.testing.assert_array_equal(results['gt_mask'], IMAGE[..., 0] == 255)
    assert ResizeInspection(32).resize_mask(np.zeros((7, 9), np.uint8)).shape == (32, 32)


def test_image_without_a_mask() -> None:
    assert 'gt_mask' not in ResizeInspection(32)(dict(img=IMAGE))


def test_middle() -> None:
    mask = (IMAGE[..., 0] > 99).astype(np.uint8)
    results = CentreCrop((32, 64))(dict(img=IMAGE, gt_mask=mask))
    np.testing.assert_array_equal(results['img'], IMAGE[32:64, 48:112])
    np.testing.assert_array_equal(results['gt_mask'], mask[32:64, 48:112])
    assert results['img_shape'] == (32, 64)
    with pytest.raises(UserError, match='cannot cut 128x128'):
        CentreCrop(128)(dict(img=IMAGE))


@pytest.mark.parametrize(('kind', 'size'), [(ResizeInspection, 250), (ResizeInspection, (256, 100)), (CentreCrop, 220),
                                            (ResizeInspection, 0), (ResizeInspection, (-32, 32))])
def test_sides_not_divisible_by_32(kind: type, size: int) -> None:
    with pytest.raises(UserError, match=rf'{kind.__name__} has size=.* both sides must be multiples of 32: give'):
        kind(size)


def test_any_size_before_a_crop() -> None:
    results = ResizeInspection(329, size_divisor=1)(dict(img=IMAGE))
    assert CentreCrop(288)(results)['img'].shape == (288, 288, 3)


def test_unknown_interpolation() -> None:
    with pytest.raises(UserError, match="mask_interpolation is 'cubic', known are bilinear, nearest"):
        ResizeInspection(32, mask_interpolation='cubic')


def test_what_a_crop_leaves_of_the_image() -> None:
    results = ResizeInspection((64, 128))(dict(img=IMAGE))
    assert 'crop' not in results
    results = CentreCrop((32, 96))(results)
    assert results['crop'] == pytest.approx((0.25, 0.125, 0.75, 0.875))
    assert CentreCrop((32, 32))(results)['crop'] == pytest.approx((0.25, 0.375, 0.75, 0.625))


@pytest.mark.parametrize('size', ['banana', (256, ), (256.0, 256), (32, 32, 3)])
def test_size_that_is_none(size: object) -> None:
    with pytest.raises(UserError, match='give the side, or'):
        ResizeInspection(size)

"""AUPRO: known values, a loop over all thresholds, invariances."""
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, label

from anomaly_rd.evaluation.functional import pro_auc, pro_auc_per_image, pro_curve
from mminspect.core.errors import UserError

EIGHT = np.ones((3, 3))


def images(count: int = 4, side: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Maps with ties and masks with some regions; every other image is good."""
    masks = np.stack([gaussian_filter(np.random.randn(side, side), 1.5) > 0.25 for _ in range(count)])
    masks[::2] = False
    return (np.random.randn(count, side, side) + masks).round(1).astype(np.float32), masks


def by_thresholds(maps: np.ndarray, masks: np.ndarray, limit: float) -> float:
    """The definition, one threshold after the other; regions from scipy."""
    regions = [(i, region) for i, mask in enumerate(masks)
               for labelled, count in [label(mask, EIGHT)] for region in (labelled == k + 1 for k in range(count))]
    x, y = [0.0], [0.0]
    for threshold in sorted(set(maps.ravel().tolist()), reverse=True):
        found = maps >= threshold
        x.append(found[~masks].mean())
        y.append(np.mean([found[i][region].mean() for i, region in regions]))
    fine = np.linspace(0, limit, 400_001)
    return np.trapezoid(np.interp(fine, x, y), fine) / limit


@pytest.mark.parametrize('limit', [0.3, 0.05, 1.0])
def test_equals_the_loop_over_all_thresholds(limit):
    maps, masks = images()
    assert pro_auc(maps, masks, limit) == pytest.approx(by_thresholds(maps, masks, limit), abs=1e-6)


def test_two_images_by_hand():
    masks = np.array([[[1, 1, 0, 0]], [[0, 0, 0, 1]]])
    maps = np.array([[[9, 3, 5, 1]], [[4, 2, 0, 8]]])
    # 5 normal pixels: 5, 4, 2, 1, 0. At FPR 0 PRO is (1/2 + 1)/2; a step later (FPR 0.2) unchanged, as at 0.4; then 3
    # completes the first region: vertical at 0.4.
    x, y = pro_curve(maps, masks)
    assert x.tolist() == pytest.approx([0, 0, 0, 0.2, 0.4, 0.4, 0.6, 0.8, 1])
    assert y.tolist() == pytest.approx([0, 0.25, 0.75, 0.75, 0.75, 1, 1, 1, 1])
    assert pro_auc(maps, masks) == pytest.approx(0.75)
    assert pro_auc(maps, masks, 0.5) == pytest.approx((0.4 * 0.75 + 0.1) / 0.5)


def test_known_values():
    _, masks = images(40, 64)
    assert pro_auc(masks.astype(np.float32), masks) == pytest.approx(1)
    assert pro_auc(np.ones(masks.shape), masks) == pytest.approx(0.15)  # one straight segment
    assert pro_auc(np.random.rand(*masks.shape), masks) == pytest.approx(0.15, abs=0.02)
    assert pro_auc(-masks.astype(np.float32), masks) == pytest.approx(0)


def test_every_region_weighs_the_same_and_diagonals_connect():
    mask = np.zeros((1, 8, 8), bool)
    mask[0, :4, :4] = mask[0, 6, 6] = mask[0, 7, 7] = True  # 16 pixels, and 2 that touch at a corner
    small_found = np.zeros((1, 8, 8))
    small_found[0, 6:, 6:][np.eye(2, dtype=bool)] = 1
    x, y = pro_curve(small_found, mask)
    assert (x[1], y[1]) == (0, 0.5)


def test_order_of_images_and_regions_does_not_matter():
    maps, masks = images(6)
    turned = pro_auc(maps[::-1, ::-1, ::-1], masks[::-1, ::-1, ::-1])
    assert pro_auc(maps, masks) == pytest.approx(turned, abs=1e-12)


def test_images_of_different_sizes_and_good_images_count():
    maps, masks = images(2)
    uneven = [maps[1], maps[0][:5, :7]], [masks[1], masks[0][:5, :7]]
    assert pro_auc(*uneven) != pytest.approx(pro_auc(maps[1:], masks[1:]), abs=1e-4)
    assert pro_auc([m.T for m in uneven[0]], [m.T for m in uneven[1]]) == pytest.approx(pro_auc(*uneven), abs=1e-12)


def test_undefined_and_errors():
    maps, masks = images(2)
    for empty_or_full in (np.zeros_like(masks), np.ones_like(masks)):
        with pytest.warns(UserWarning, match='AUPRO is undefined'):
            assert np.isnan(pro_auc(maps, empty_or_full))
    with pytest.raises(UserError, match='Map 1 has shape'):
        pro_auc([maps[0], maps[1][:3]], masks)
    maps[1, 2, 3] = np.inf
    with pytest.raises(UserError, match='Map 1 holds NaN or infinite'):
        pro_auc(maps, masks)


def test_per_image_is_the_old_protocol():
    """RD4AD's evaluation, written down as the loop it is: 200 thresholds, own background, largest FPR below 0.3."""
    maps, masks = images(4)
    values = []
    for scores, mask in zip(maps[1::2].astype(np.float64), masks[1::2], strict=True):
        labelled, count = label(mask, EIGHT)
        x, y = [], []
        for threshold in scores.min() + (scores.max() - scores.min()) / 200 * np.arange(200):
            x.append((scores > threshold)[~mask].mean())
            y.append(np.mean([(scores > threshold)[labelled == k + 1].mean() for k in range(count)]))
        x, y = np.array(x), np.array(y)
        x, y = x[x < 0.3], y[x < 0.3]
        values.append(-np.trapezoid(y, x / x.max()))
    assert pro_auc_per_image(maps, masks) == pytest.approx(np.mean(values), abs=1e-6)
    assert pro_auc_per_image(maps, masks) != pytest.approx(pro_auc(maps, masks), abs=1e-3)
    assert pro_auc_per_image(masks.astype(float), masks) == 1
    with pytest.warns(UserWarning, match='no defect region'):
        assert np.isnan(pro_auc_per_image(maps, np.zeros_like(masks)))


@pytest.mark.parametrize('limit', [0, -0.1, 1.5, np.nan])
@pytest.mark.parametrize('metric', [pro_auc, pro_auc_per_image])
def test_limits_out_of_range(metric, limit):
    with pytest.raises(UserError, match='fpr_limit of AUPRO is'):
        metric(*images(), limit)

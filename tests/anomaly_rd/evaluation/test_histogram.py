"""The histogram against exact sorting, and that its state depends on nothing but the pixels."""
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from anomaly_rd.evaluation.functional import average_precision, f1_max, pro_auc, roc_auc
from anomaly_rd.evaluation.functional.precision_recall import best_f1, precision_area
from anomaly_rd.evaluation.functional.pro import pro_area
from anomaly_rd.evaluation.functional.regions import label_regions
from anomaly_rd.evaluation.functional.roc import roc_area
from anomaly_rd.evaluation.histogram import ScoreHistogram

NOTHING = np.empty(0, np.int64)


@pytest.fixture(scope='module')
def scene() -> tuple[np.ndarray, np.ndarray]:
    """Smooth noise of unit variance, 1.2 higher on defects: 16 images of 256x256, half of them good."""
    random = np.random.default_rng(1)
    noise = gaussian_filter(random.standard_normal((16, 256, 256)), (0, 4, 4))
    masks = gaussian_filter(random.standard_normal((16, 256, 256)), (0, 6, 6)) > 0.08
    masks[::2] = False
    return noise / noise.std() + 1.2 * masks, masks


def with_outliers(z: np.ndarray) -> np.ndarray:
    scores = 0.5 + 1e-4 * z
    scores.ravel()[::5000] = np.random.default_rng(0).uniform(-1e4, 1e4, scores.ravel()[::5000].shape)
    return scores


SCORES = {
    'cosine distances': lambda z: 0.05 * np.exp(0.7 * z),
    'signed': lambda z: z,
    'heavy tails': lambda z: np.exp(8 * z),
    'heavy tails on both sides': lambda z: np.sinh(8 * z),
    'narrow': lambda z: 0.5 + 1e-4 * z,
    'narrow with outliers': with_outliers,
    'narrow and large': lambda z: 1000 + 0.01 * z,
    'saturated': lambda z: 1 / (1 + np.exp(-8 * z)),
    'tiny': lambda z: 1e-30 * np.exp(z),
    'clipped': lambda z: np.maximum(z - 1, 0),
    'ties': lambda z: z.round(1),
}


def filled(maps: np.ndarray, masks: np.ndarray, **kwargs) -> ScoreHistogram:
    histogram = ScoreHistogram(**kwargs)
    for scores, mask in zip(maps.astype(np.float32), masks, strict=True):
        labels, sizes = label_regions(mask)
        where = np.flatnonzero(mask)
        weights = np.round(2.0**40 / sizes).astype(np.int64)[labels.ravel()[where] - 1] if len(where) else NOTHING
        histogram.add(scores.ravel(), where, weights)
    return histogram


@pytest.mark.parametrize('kind', SCORES)
def test_within_1e_5_of_exact_sorting(kind, scene):
    maps, masks = SCORES[kind](scene[0]).astype(np.float32), scene[1]
    histogram = filled(maps, masks)
    ranking = histogram.ranking()
    exact = roc_auc(maps, masks)
    assert roc_area(ranking) == pytest.approx(exact, abs=1e-7)
    assert abs(roc_area(ranking) - exact) <= histogram.auroc_bound(ranking) + 1e-12
    assert precision_area(ranking) == pytest.approx(average_precision(maps, masks), abs=1e-5)
    assert best_f1(ranking) == pytest.approx(f1_max(maps, masks), abs=1e-5)
    for limit in (0.3, 0.05):
        assert pro_area(ranking, limit) == pytest.approx(pro_auc(maps, masks, limit), abs=2e-6)


@pytest.mark.parametrize('kind', ['narrow', 'narrow with outliers', 'narrow and large', 'ties'])
def test_narrow_ranges_keep_every_distinct_score(kind, scene):
    maps = SCORES[kind](scene[0]).astype(np.float32)
    histogram = filled(maps, scene[1])
    assert histogram.shift == 0
    assert (histogram.counts[0] > 0).sum() == len(np.unique(maps))
    assert histogram.auroc_bound(histogram.ranking()) == 0


def test_bound_shows_bins_that_are_too_coarse(scene):
    """The case that no bins of bounded number resolve: nearly equal scores beside others of all magnitudes."""
    random = np.random.default_rng(0)
    everywhere = np.exp(random.uniform(-40, 40, scene[0].shape)) * random.choice([-1, 1], scene[0].shape)
    maps = np.where(random.random(scene[0].shape) < 0.1, everywhere, 5 + 1e-3 * scene[0]).astype(np.float32)
    histogram = filled(maps, scene[1])
    ranking = histogram.ranking()
    error = abs(roc_area(ranking) - roc_auc(maps, scene[1]))
    assert 1e-4 < error <= histogram.auroc_bound(ranking) < 0.2


def state(histogram: ScoreHistogram) -> tuple[int, list, np.ndarray]:
    order = np.argsort(histogram.pages)
    return histogram.shift, histogram.pages[order].tolist(), histogram.counts[:, order + 1]


@pytest.mark.parametrize('capacity', [2047, 150])
def test_state_depends_on_neither_order_nor_portions(capacity, scene):
    maps, masks = SCORES['heavy tails on both sides'](scene[0])[:6], scene[1][:6]
    forward = filled(maps, masks, capacity=capacity)
    backward = filled(maps[::-1], masks[::-1], capacity=capacity)
    assert forward.shift > 3
    assert all(np.array_equal(a, b) for a, b in zip(state(forward), state(backward), strict=True))
    portions, order = ScoreHistogram(capacity), np.random.permutation(maps.size)
    for pixels in np.array_split(order, 7):
        scores, hits = maps.astype(np.float32).ravel()[pixels], np.flatnonzero(masks.ravel()[pixels])
        portions.add(scores, hits, np.zeros(len(hits), np.int64))
    assert state(portions)[:2] == state(forward)[:2]
    assert np.array_equal(state(portions)[2][:2], state(forward)[2][:2])


def test_memory_is_bounded_and_every_pixel_counted():
    histogram = ScoreHistogram(capacity=64)
    for exponent in range(-30, 31):
        scores = np.random.randn(5000).astype(np.float32) * np.float32(10.0**exponent)
        histogram.add(scores, np.arange(10), np.full(10, 7))
    assert len(histogram.pages) <= 64
    assert histogram.counts.sum(axis=(1, 2)).tolist() == [61 * 5000, 61 * 10, 61 * 70]


def test_threshold_of_a_false_positive_rate_is_kept():
    scores = np.arange(1000, dtype=np.float32)
    histogram = ScoreHistogram()
    histogram.add(scores, np.array([5]), np.array([1]))
    kept = histogram.ranking(keep_fpr=0.1).normal
    assert kept[kept <= 99.9].max() == 99  # of 999 normal pixels


def test_empty():
    assert not ScoreHistogram().ranking().defined

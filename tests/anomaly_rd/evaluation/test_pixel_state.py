"""The state of constant size against the exact functions."""
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from anomaly_rd.evaluation.functional import pro_auc, pro_auc_per_image, recall_by_size
from anomaly_rd.evaluation.functional.pro import pro_area
from anomaly_rd.evaluation.functional.size_recall import SIZE_EDGES
from anomaly_rd.evaluation.pixel_state import MAX_REGIONS, REGION_WEIGHT, PixelState
from mminspect.core.errors import UserError


def images(count: int = 6) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Of different sizes, some larger than what is counted at once."""
    maps, masks = [], []
    for i in range(count):
        size = (270 + 10 * i, 300)
        mask = gaussian_filter(np.random.randn(*size), 6) > 0.07 if i % 2 else np.zeros(size, bool)
        maps.append(np.exp(gaussian_filter(np.random.randn(*size), 3) * 10 + mask).astype(np.float32))
        masks.append(mask)
    return maps, masks


def filled(maps: list[np.ndarray], masks: list[np.ndarray], **kwargs) -> PixelState:
    state = PixelState(SIZE_EDGES, **kwargs)
    for scores, mask in zip(maps, masks, strict=True):
        state.add(scores, mask)
    return state


def test_equals_the_exact_functions():
    maps, masks = images()
    state = filled(maps, masks, per_image=True)
    ranking = state.ranking(0.01)
    assert pro_area(ranking) == pytest.approx(pro_auc(maps, masks), abs=2e-6)
    assert state.aupro_per_image() == pytest.approx(pro_auc_per_image(maps, masks), abs=1e-9)
    for options in (dict(fpr=0.01), dict(fpr=0.2), dict(fpr=0.01, threshold=1.7)):
        ours = state.recall(state.ranking(options['fpr']), **options)
        assert ours == pytest.approx(recall_by_size(maps, masks, **options), nan_ok=True)
        assert 0 < ours['recall_8_16'] < 1


def test_overlap_is_summed_exactly():
    maps, masks = images()
    forward, backward = filled(maps, masks), filled(maps[::-1], masks[::-1])
    assert forward.histogram.counts[2].sum() == backward.histogram.counts[2].sum()
    assert forward.histogram.counts[2].sum() == pytest.approx(forward.sums[0] * REGION_WEIGHT, rel=1e-6)
    ours, theirs = forward.ranking(0.01), backward.ranking(0.01)
    assert all(np.array_equal(getattr(ours, name), getattr(theirs, name)) for name in ours.__dataclass_fields__)


def test_too_many_regions_for_the_sums():
    state = filled(*images(2))
    state.sums[0] = MAX_REGIONS + 1
    with pytest.raises(UserError, match='specks of noise'):
        state.ranking(0.01)


def test_nothing_seen():
    state = PixelState(SIZE_EDGES, per_image=True)
    assert not state.ranking(0.01).defined
    assert np.isnan(state.aupro_per_image())
    assert all(np.isnan(v) for v in state.recall(state.ranking(0.01), 0.01).values())

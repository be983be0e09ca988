from __future__ import annotations

import pytest
import torch

from anomaly_rd.models.patches import nearest, nearest_rows


@pytest.mark.parametrize('count', [1, 3])
@pytest.mark.parametrize('offset', [0.0, 1000.0])
def test_equals_all_distances(count: int, offset: float, monkeypatch: pytest.MonkeyPatch) -> None:
    queries, bank = torch.randn(50, 8) + offset, torch.randn(70, 8) + offset
    exact = torch.cdist(queries.double(), bank.double(), compute_mode='donot_use_mm_for_euclid_dist')
    expected, places = exact.topk(count, 1, largest=False)
    for held in (2**25, 700):
        monkeypatch.setattr(nearest, 'DISTANCES', held)
        found, found_places = nearest_rows(queries, bank, count)
        assert torch.allclose(found.double().sqrt(), expected, atol=1e-4 if not offset else 1e-3)
        assert torch.equal(found_places, places)


def test_near_rows_far_from_zero() -> None:
    """Without the mean taken away these distances come out as 0 or below."""
    bank = torch.tensor([[10.0, 10.0], [10.03, 10.0]])
    found, _ = nearest_rows(torch.tensor([[10.0, 10.0], [10.0, 10.01]]), bank)
    assert torch.allclose(found[:, 0], torch.tensor([0.0, 1e-4]), atol=1e-6) and (found >= 0).all()

"""The choice against the plain rule, one distance to all points for each one that is chosen."""
from __future__ import annotations

import pytest
import torch
from torch import Tensor

from anomaly_rd.models.patches import greedy_coreset
from mminspect.core.errors import UserError


def plain(points: Tensor, count: int, bounds: Tensor, chosen: list[int]) -> list[int]:
    """Always the farthest point, with distances in float64."""
    points, bounds = points.double(), bounds.double().clone()
    while len(chosen) < count:
        best = int(bounds.argmax())
        chosen.append(best)
        bounds = torch.minimum(bounds, (points - points[best]).norm(dim=1))
    return chosen


@pytest.fixture
def points() -> Tensor:
    """Clusters, so that the order of choice is no chance."""
    centres = torch.randn(12, 6) * 4
    return torch.cat([centre + 0.3 * torch.randn(50, 6) for centre in centres]) + 100


@pytest.mark.parametrize('block', [1, 7, 64, 1000])
@pytest.mark.parametrize('count', [1, 25, 300])
def test_the_choice_is_that_of_the_plain_rule(points: Tensor, block: int, count: int) -> None:
    found = greedy_coreset([points], count, projection=None, block=block)
    anchors = torch.randperm(600, generator=torch.Generator().manual_seed(0))[:10]
    expected = plain(points, count, torch.cdist(points.double(), points[anchors].double()).mean(1), [])
    assert found.tolist() == expected


def test_one_random_point_is_the_first(points: Tensor) -> None:
    found = greedy_coreset([points], 40, start='random', projection=None, seed=3)
    first = int(found[0])
    assert found.tolist() == plain(points, 40, (points - points[first]).double().norm(dim=1), [first])
    assert first != int(greedy_coreset([points], 1, start='random', seed=4)[0])


def test_parts_are_rows_behind_each_other(points: Tensor) -> None:
    whole = greedy_coreset([points], 60, projection=3)
    assert greedy_coreset([*points.split(77)], 60, projection=3).tolist() == whole.tolist()
    assert greedy_coreset([points.half().float()], 60, projection=3, seed=1).tolist() != whole.tolist()


def test_it_covers_better_than_chance(points: Tensor) -> None:
    def radius(places: Tensor) -> float:
        return torch.cdist(points, points[places]).amin(1).max().item()

    assert radius(greedy_coreset([points], 30, projection=None)) < 0.7 * radius(torch.randperm(600)[:30])


def test_copies_of_a_point_and_all_points() -> None:
    points = torch.zeros(20, 3)
    points[7] = 5
    assert sorted(greedy_coreset([points], 20).tolist()) == [*range(20)]
    assert 7 in greedy_coreset([points], 2).tolist()


@pytest.mark.parametrize('count', [0, 601])
def test_more_or_fewer_than_there_are(points: Tensor, count: int) -> None:
    with pytest.raises(ValueError, match='cannot be chosen'):
        greedy_coreset([points], count)
    with pytest.raises(UserError, match='start'):
        greedy_coreset([points], 3, start='first')

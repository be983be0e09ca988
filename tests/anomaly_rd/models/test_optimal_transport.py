"""Transport in one dimension is known: sorted points go to sorted points."""
from __future__ import annotations

import pytest
import torch

from anomaly_rd.models.optimal_transport import sinkhorn_divergence


def test_one_dimension_equals_the_sorted_matching() -> None:
    x, y = torch.randn(40, 1, dtype=torch.float64), 2 * torch.randn(40, 1, dtype=torch.float64) + 1
    expected = ((x.sort(0).values - y.sort(0).values).square() / 2).mean()
    assert sinkhorn_divergence(x, y, blur=0.01, scaling=0.95).item() == pytest.approx(expected.item(), rel=0.02)


def test_a_shifted_cloud_is_as_far_as_the_shift() -> None:
    x = torch.randn(30, 3, dtype=torch.float64)
    shift = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
    assert sinkhorn_divergence(x, x + shift).item() == pytest.approx(shift.square().sum().item() / 2, rel=1e-3)


def test_the_same_points_in_another_order_are_no_distance_and_no_gradient() -> None:
    """Which is the whole optimal-transport term of RD++'s published code: a batch against itself, shuffled."""
    rows = torch.randn(16, 64, dtype=torch.float64, requires_grad=True)
    cloud = rows.softmax(1)
    value = sinkhorn_divergence(cloud, cloud[torch.randperm(16)], blur=0.05, scaling=0.95, diameter=10.0)
    assert abs(value.item()) < 1e-9
    gradient, = torch.autograd.grad(value, rows)
    assert gradient.abs().max() < 1e-9


def test_even_two_batches_are_nearer_than_the_blur() -> None:
    """A softmax over all values of a map makes every distance tiny against 0.05."""
    first, second = (torch.randn(16, 4096, dtype=torch.float64).softmax(1) for _ in range(2))
    assert 0 <= sinkhorn_divergence(first, second, blur=0.05, scaling=0.95, diameter=10.0).item() < 1e-4


def test_its_gradient_moves_one_cloud_to_the_other() -> None:
    x, y = torch.randn(25, 2, dtype=torch.float64, requires_grad=True), torch.randn(25, 2, dtype=torch.float64) + 3
    first = sinkhorn_divergence(x, y)
    gradient, = torch.autograd.grad(first, x)
    moved = sinkhorn_divergence(x.detach() - 25 * 0.5 * gradient, y)
    assert moved < 0.6 * first

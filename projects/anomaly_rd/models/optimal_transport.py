"""The distance of two clouds of points by entropic optimal transport."""
from __future__ import annotations

import math

import torch
from torch import Tensor


def sinkhorn_divergence(x: Tensor, y: Tensor, blur: float = 0.05, scaling: float = 0.9,
                        diameter: float | None = None) -> Tensor:
    """Debiased Sinkhorn divergence with the cost |a - b|^2 / 2 (Feydy et al., AISTATS 2019, arXiv:1810.08278).

    Computed in the logarithms, by symmetric updates averaged with the ones before, along a temperature that falls from
    ``diameter``^2 to ``blur``^2. Gradients are those at the fixed point.

    Args:
        x: (N, D), every point with the weight 1 / N.
        y: (M, D) likewise.
        blur: Distance below which points are not told apart.
        scaling: Ratio of successive blurs, below 1.
        diameter: Upper bound of distances; None: of the points' bounding box.

    Returns:
        (), at least 0 up to rounding; 0 for two clouds of the same points, in whatever order.
    """
    costs = [torch.cdist(a, b).square() / 2 for a, b in ((x, y), (y, x), (x, x), (y, y))]
    sizes = [math.log(len(b)) for b in (y, x, x, y)]
    potentials = [torch.zeros(len(a), dtype=x.dtype, device=x.device) for a in (x, y, x, y)]
    for epsilon in _temperatures(x, y, blur, scaling, diameter):
        with torch.no_grad():
            potentials = [(old + new) / 2 for old, new in zip(potentials, _updated(costs, sizes, potentials, epsilon),
                                                              strict=True)]
    f, g, own_x, own_y = _updated(costs, sizes, potentials, blur**2)
    return (f - own_x).mean() + (g - own_y).mean()


def _updated(costs: list[Tensor], sizes: list[float], potentials: list[Tensor], epsilon: float) -> list[Tensor]:
    """Soft minima over the other cloud; for each cloud with itself, over itself."""
    partners = potentials[1], potentials[0], potentials[2], potentials[3]
    return [-epsilon * torch.logsumexp(partner[None] / epsilon - cost / epsilon - size, 1)
            for cost, partner, size in zip(costs, partners, sizes, strict=True)]


def _temperatures(x: Tensor, y: Tensor, blur: float, scaling: float, diameter: float | None) -> list[float]:
    if diameter is None:
        both = torch.cat([x, y]).detach()
        diameter = float((both.amax(0) - both.amin(0)).norm())
    steps = max(0, math.ceil(math.log(max(diameter, blur) / blur) / -math.log(scaling)))
    return [*((diameter * scaling**k)**2 for k in range(steps)), blur**2, blur**2]

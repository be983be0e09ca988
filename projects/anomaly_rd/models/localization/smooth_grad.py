"""Gradients averaged over noisy copies."""
from __future__ import annotations

import torch
from torch import Tensor, nn

from anomaly_rd.registry import MODELS

from .input_gradient import InputGradient, Score, gradient


@MODELS.register_module()
class SmoothGrad(InputGradient):
    """Mean gradient over copies of the image with Gaussian noise (Smilkov et al., arXiv:1706.03825).

    All images get the same noise, from a generator of its own, whatever the batch: maps can be reproduced. Costs
    ``samples`` forward and backward passes.

    Args:
        samples: Noisy copies.
        noise: Standard deviation of the noise, as a share of the image's range (maximum - minimum). With ``compat`` it
            is the square of noise / range, as in the published code: for images of 0..1, 0.0025 in place of 0.05.
        seed: Of the noise.
        sigma: See :class:`InputGradient`.
        opening: See :class:`InputGradient`.
        compat: See :class:`InputGradient`.
    """

    def __init__(self, samples: int = 50, noise: float = 0.05, seed: int = 0, sigma: float = 4.0,
                 opening: bool = True, compat: bool = False) -> None:
        super().__init__(sigma, opening, compat)
        self.samples, self.noise, self.seed = samples, noise, seed

    def saliency(self, score: Score, images: Tensor, student: nn.Module) -> Tensor:
        """(N, 3, H, W), signed."""
        spread = images.amax((1, 2, 3), keepdim=True) - images.amin((1, 2, 3), keepdim=True)
        if self.compat:
            std = torch.where(spread > 0, (self.noise / spread.clamp_min(1e-6)) ** 2, 0.0)
        else:
            std = self.noise * spread
        generator = torch.Generator().manual_seed(self.seed)
        total = torch.zeros_like(images)
        for _ in range(self.samples):
            noise = torch.randn(images.shape[1:], generator=generator).to(images.device)
            total += gradient(score, images + std * noise)
        return total / self.samples

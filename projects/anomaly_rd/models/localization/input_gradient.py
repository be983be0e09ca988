"""The plain gradient, and what all gradient maps share."""
from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from anomaly_rd.models.heads import GaussianBlur
from anomaly_rd.registry import MODELS

#: OpenCV's ellipse of 3 x 3, (row, column) from the centre.
CROSS = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))
#: Images (N, 3, H, W) to their scores (N,), each of one image alone.
Score = Callable[[Tensor], Tensor]


class InputGradient(nn.Module):
    """Maps of how much each pixel contributes to an image's score; subclasses say how that is measured.

    Args:
        sigma: Of the Gaussian filter, pixels.
        opening: Apply :class:`GreyOpening` to the filtered map.
        compat: The published protocol of multiresolution knowledge distillation (arXiv:2011.11108): every map is
            stretched to 0..1 before it is filtered, so that maps of different images cannot be compared. By default
            they keep their scale.
    """

    #: Share of pixels below the value that becomes 1 in the published protocol.
    upper_quantile: ClassVar[float] = 1.0

    def __init__(self, sigma: float = 4.0, opening: bool = True, compat: bool = False) -> None:
        super().__init__()
        self.compat = compat
        self.blur, self.opening = GaussianBlur(sigma), GreyOpening() if opening else nn.Identity()

    def forward(self, score: Score, images: Tensor, student: nn.Module) -> Tensor:
        """Anomaly maps (N, H, W) float32.

        Args:
            score: Differentiable, outside of inference mode and with gradients enabled.
            images: (N, 3, H, W) float32.
            student: The trained part of what computes ``score``.
        """
        saliency = self.saliency(score, images, student).abs().sum(1)
        return self.opening(self.blur(self._stretched(saliency) if self.compat else saliency))

    def saliency(self, score: Score, images: Tensor, student: nn.Module) -> Tensor:
        """(N, 3, H, W), signed."""
        raise NotImplementedError(f'{type(self).__name__} has to define saliency(score, images, student)')

    def _stretched(self, maps: Tensor) -> Tensor:
        """Each map linearly from its minimum and upper quantile to 0 and 1; a constant map becomes 0."""
        pixels = maps.flatten(1)
        low = pixels.amin(1)[:, None, None]
        high = pixels.quantile(self.upper_quantile, 1)[:, None, None]
        return ((maps - low) / (high - low).clamp_min(torch.finfo(maps.dtype).tiny)).clamp(0, 1)


def gradient(score: Score, images: Tensor) -> Tensor:
    """Gradient of every image's score with respect to its pixels, (N, 3, H, W); parameters get none."""
    images = images.detach().requires_grad_()
    return torch.autograd.grad(score(images).sum(), images)[0]


@MODELS.register_module()
class Gradients(InputGradient):
    """The gradient of the score with respect to the pixels (Simonyan et al., arXiv:1312.6034)."""

    upper_quantile = 0.99

    def saliency(self, score: Score, images: Tensor, student: nn.Module) -> Tensor:
        """(N, 3, H, W), signed."""
        return gradient(score, images)


class GreyOpening(nn.Module):
    """Grey-scale opening with a 3 x 3 ellipse, which is a cross: the minimum over it, then the maximum over that.

    Every threshold of the result is the opening of the threshold of the map. Nothing comes in from outside the map.
    """

    def forward(self, maps: Tensor) -> Tensor:
        """Open maps (N, H, W); same shape."""
        return -_eroded(-_eroded(maps))


def _eroded(maps: Tensor) -> Tensor:
    height, width = maps.shape[1:]
    padded = F.pad(maps, (1, 1, 1, 1), value=torch.inf)
    shifted = [padded[:, 1 + y:1 + y + height, 1 + x:1 + x + width] for y, x in CROSS]
    return torch.stack(shifted).amin(0)

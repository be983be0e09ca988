"""How much two pictures of one thing differ in colour and in edges."""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, interpolate, pad

from mminspect.core.errors import UserError

#: sRGB to CIE XYZ over the white D65.
_XYZ = ((0.412453 / 0.950456, 0.357580 / 0.950456, 0.180423 / 0.950456), (0.212671, 0.715160, 0.072169),
        (0.019334 / 1.088754, 0.119193 / 1.088754, 0.950227 / 1.088754))


def chroma(images: Tensor) -> Tensor:
    """a* and b* of CIE Lab (N, 2, H, W) of sRGB images (N, 3, H, W) in [0, 1]."""
    images = images.clamp(0, 1)
    linear = torch.where(images > 0.04045, ((images + 0.055) / 1.055).clamp(min=1e-6)**2.4, images / 12.92)
    xyz = torch.einsum('rc,nchw->nrhw', linear.new_tensor(_XYZ), linear)
    f = torch.where(xyz > 0.008856, xyz.clamp(min=1e-6)**(1 / 3), 7.787 * xyz + 16 / 116)
    return torch.stack([500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], 1)


def mean_filter(images: Tensor, side: int) -> Tensor:
    """Means of windows of ``side`` pixels (N, C, H, W), the image mirrored at its border."""
    return avg_pool2d(pad(images, [side // 2] * 4, mode='reflect'), side, 1)


class GradientSimilarity(nn.Module):
    """Similarity of gradient magnitudes (Xue et al., IEEE TIP 2014), averaged over scales and channels.

    Args:
        scales: Number of them, each half as large as the one before.
        constant: Against division by zero.
    """

    def __init__(self, scales: int = 2, constant: float = 0.0026) -> None:
        super().__init__()
        self.scales, self.constant = scales, constant
        prewitt = torch.tensor([[1.0, 0.0, -1.0]] * 3) / 3
        self.register_buffer('kernels', torch.stack([prewitt, prewitt.T])[:, None], persistent=False)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """(N, H, W) in 0..1 of images (N, C, H, W)."""
        size, total = first.shape[2:], 0.0
        for scale in range(self.scales):
            if scale:
                first, second = avg_pool2d(first, 2), avg_pool2d(second, 2)
            a, b = self._magnitude(first), self._magnitude(second)
            same = ((2 * a * b + self.constant) / (a.square() + b.square() + self.constant)).mean(1, keepdim=True)
            total = total + (interpolate(same, size, mode='bilinear', align_corners=False) if scale else same)
        return total[:, 0] / self.scales

    def _magnitude(self, images: Tensor) -> Tensor:
        count, channels, height, width = images.shape
        rows = pad(images.reshape(-1, 1, height, width), [1] * 4, mode='replicate')
        gradients = conv2d(rows, self.kernels)
        return (gradients.square().sum(1) + 1e-12).sqrt().view(count, channels, height, width)


class PictureDifference(nn.Module):
    """The map of EdgRec: squared differences of a* and b*, and one minus the similarity of gradients.

    Args:
        colour_side: Of the mean filter on the colours' map, pixels, odd.
        gradient_side: Likewise on the gradients' map.
        gain: Images are brought to 0..``gain`` / 255 before their colours are compared; EdgRec's code has 180.

    Raises:
        UserError: A side is even or below 1.
    """

    def __init__(self, colour_side: int = 11, gradient_side: int = 21, gain: float = 180.0) -> None:
        super().__init__()
        for name, side in (('colour_side', colour_side), ('gradient_side', gradient_side)):
            if type(side) is not int or side < 1 or side % 2 == 0:
                raise UserError(f'map_head.{name} is {side!r}: give an odd number of pixels')
        self.colour_side, self.gradient_side, self.gain = colour_side, gradient_side, gain
        self.similarity = GradientSimilarity()

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Maps of colours and of gradients (N, H, W) of images (N, 3, H, W) in [0, 1]."""
        a, b = (chroma(images * (self.gain / 255)) for images in (first, second))
        colour = (a - b).square().clamp(max=255).sum(1, keepdim=True)
        gradient = 1 - self.similarity(first, second)[:, None]
        return 0.001 * mean_filter(colour, self.colour_side)[:, 0], mean_filter(gradient, self.gradient_side)[:, 0]

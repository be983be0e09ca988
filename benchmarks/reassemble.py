"""CPU speed of reassembly against the direct way: unfold, nearest upsampling of the patches, weighted sum.

    python benchmarks/reassemble.py
"""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from common import interleaved, save
from fdrd.layers import reassemble

CHANNELS, HEIGHT, WIDTH, K_UP, SCALE = 256, 36, 84, 5, 2


def direct(x: Tensor, kernels: Tensor) -> Tensor:
    """The definition with a patch tensor of k²·C channels at the output's size."""
    n, c, h, w = x.shape
    patches = F.unfold(x, K_UP, padding=K_UP // 2).view(n, c * K_UP**2, h, w)
    patches = F.interpolate(patches, scale_factor=SCALE, mode='nearest').view(n, c, K_UP**2, h * SCALE, w * SCALE)
    return (patches * kernels[:, None]).sum(dim=2)


def ours(x: Tensor, kernels: Tensor) -> Tensor:
    return reassemble(x, kernels, K_UP, SCALE, impl='torch')


def main() -> None:
    torch.manual_seed(0)
    x = torch.randn(1, CHANNELS, HEIGHT, WIDTH, requires_grad=True)
    kernels = torch.randn(1, K_UP**2, HEIGHT * SCALE, WIDTH * SCALE).softmax(dim=1).requires_grad_()
    difference = (ours(x, kernels) - direct(x, kernels)).abs().max().item()
    frozen = x.detach(), kernels.detach()
    seconds = interleaved({
        'ours_forward': lambda: ours(*frozen),
        'direct_forward': lambda: direct(*frozen),
        'ours_forward_backward': lambda: ours(x, kernels).sum().backward(),
        'direct_forward_backward': lambda: direct(x, kernels).sum().backward(),
    }, rounds=9)
    save('reassemble', seed=0, shape=[1, CHANNELS, HEIGHT, WIDTH], k_up=K_UP, scale=SCALE, seconds=seconds,
         largest_difference=difference,
         speedup_forward=seconds['direct_forward'] / seconds['ours_forward'],
         speedup_forward_backward=seconds['direct_forward_backward'] / seconds['ours_forward_backward'])


if __name__ == '__main__':
    main()

"""A network that runs on PyTorch."""
from __future__ import annotations

from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mminspect.inspection.spec import NetworkSpec


class TorchNetwork:
    """A :class:`~mminspect.inspection.network.Network` on PyTorch, on the device where the weights of ``module`` lie.

    Args:
        module: Maps (N, H, W, 3) float32, RGB, 0..255, to a tuple of tensors in the order of ``spec.outputs``; it is
            put into eval mode.
        spec: What goes in and comes out.

    Attributes:
        runtime: 'pytorch'.
        precision: 'f32'.
    """

    runtime, precision = 'pytorch', 'f32'

    def __init__(self, module: nn.Module, spec: NetworkSpec) -> None:
        self.module, self.spec = module.eval(), spec

    def __call__(self, images: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run a batch of images (N, H, W, 3), RGB, 0..255; the spec's ``outputs`` by name."""
        device = next(chain(self.module.parameters(), self.module.buffers())).device
        with torch.inference_mode():
            outputs = self.module(torch.from_numpy(images).to(device))
        return {name: output.float().cpu().numpy() for name, output in zip(self.spec.outputs, outputs, strict=True)}

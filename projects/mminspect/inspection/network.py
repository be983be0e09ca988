"""The one interface between an inspection and whatever computes the network."""
from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .spec import NetworkSpec

#: What computes exported files, and in which numbers.
EXPORT_RUNTIMES, PRECISIONS = ('onnxruntime', 'openvino'), ('f32', 'bf16')


class Network(Protocol):
    """A network on PyTorch, ONNX Runtime or OpenVINO.

    Attributes:
        spec: What goes in and comes out.
        runtime: 'pytorch', 'onnxruntime' or 'openvino'.
        precision: One of :data:`PRECISIONS`: in which numbers the runtime computes what the file has in float32.
    """

    spec: NetworkSpec
    runtime: str
    precision: str

    def __call__(self, images: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run a batch.

        Args:
            images: (N, H, W, 3), RGB, 0..255, of the spec's ``input_size``; N may change from call to call.

        Returns:
            The spec's ``outputs`` by name.
        """

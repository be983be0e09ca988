"""The one interface between an inspection and whatever computes the network."""
from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .spec import NetworkSpec

#: What computes checkpoints, and the suffixes of their files. Exported files have runtimes that register themselves.
PYTORCH, CHECKPOINTS = 'pytorch', ('.pth', '.safetensors')


class Network(Protocol):
    """A network on PyTorch, or on a runtime of exported files.

    Attributes:
        spec: What goes in and comes out.
        runtime: 'pytorch', or the name of a registered :class:`~mminspect.inspection.backends.ExportedNetwork`.
        precision: 'f32' or 'bf16', say: in which numbers the runtime computes what the file has in float32.
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

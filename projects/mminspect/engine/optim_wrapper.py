"""bfloat16 training on any device."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS
from torch import nn


@OPTIM_WRAPPERS.register_module()
class Bf16OptimWrapper(OptimWrapper):
    """Autocast to bfloat16 without loss scaling.

    mmengine's ``AmpOptimWrapper`` refuses to run without a GPU. bfloat16 has float32's exponent range, so gradients
    neither overflow nor vanish and no scaler is needed; parameters and optimiser state stay float32.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast around the forward pass, on the device type of the model's first parameter."""
        device_type = next(model.parameters()).device.type
        with super().optim_context(model), torch.autocast(device_type, dtype=torch.bfloat16):
            yield

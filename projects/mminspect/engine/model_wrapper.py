"""The model inside of what distributed training puts around it."""
from __future__ import annotations

from mmengine.model import is_model_wrapper
from torch import nn


def unwrap(model: nn.Module) -> nn.Module:
    """The model without its DDP wrapper; itself where it has none."""
    return model.module if is_model_wrapper(model) else model

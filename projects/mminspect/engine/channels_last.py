"""Memory format of the convolutions."""
from __future__ import annotations

import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from torch import Tensor, nn


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Keep 4-D weights in channels-last (NHWC) memory during training, validation and test.

    Convolutions pass their weight's format on to their output, so this one switch turns the whole network. It changes
    speed and memory, not results beyond rounding. Only ``GroupNorm`` gets maps in PyTorch's default format: on a CPU it
    takes several times as long for bfloat16 in channels-last memory.
    """

    def before_train(self, runner: Runner) -> None:
        """Convert the weights once all of them (a lazily loaded teacher too) are in place."""
        runner.model.to(memory_format=torch.channels_last)
        for module in runner.model.modules():
            if isinstance(module, nn.GroupNorm) and _contiguous_input not in module._forward_pre_hooks.values():
                module.register_forward_pre_hook(_contiguous_input)

    before_val = before_test = before_train


def _contiguous_input(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Pre-hook of a module: its first input in the default memory format."""
    return inputs[0].contiguous(), *inputs[1:]

"""Memory format of the convolutions."""
from __future__ import annotations

import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Keep 4-D weights in channels-last (NHWC) memory during training, validation and test.

    Convolutions pass their weight's format on to their output, so this one switch turns the whole network. It changes
    speed and memory, not results beyond rounding.
    """

    def before_train(self, runner: Runner) -> None:
        """Convert the weights once all of them (a lazily loaded teacher too) are in place."""
        runner.model.to(memory_format=torch.channels_last)

    before_val = before_test = before_train

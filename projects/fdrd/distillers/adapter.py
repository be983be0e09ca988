"""A convolution that exists during training only."""
from __future__ import annotations

from torch import nn


class ChannelAdapter(nn.Conv2d):
    """1x1 convolution from the student's width to the teacher's that never appears in a ``state_dict``.

    The student's checkpoint so stays that of the plain detector. :class:`fdrd.hooks.DistillationStateHook` keeps the
    weights beside it for resuming.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, kernel_size=1)

    def _save_to_state_dict(self, destination, prefix, keep_vars) -> None:
        """Leave nothing in the checkpoint."""

    def _load_from_state_dict(self, *args, **kwargs) -> None:
        """Expect nothing from the checkpoint."""

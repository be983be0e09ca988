"""The student of reverse distillation."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from anomaly_rd.models.layers import residual_stage
from anomaly_rd.models.teachers.layout import TeacherLayout
from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError


@MODELS.register_module()
class ReverseDecoder(BaseModule):
    """The teacher mirrored: three stages of residual blocks, of which the first block enlarges the map as much as the
    teacher makes it smaller (twice for a ResNet).

    Reverse distillation's decoder (Deng and Li, arXiv:2201.10703) by default. Receptive-field-attention reverse
    distillation is ``rfa=True, norm='BCN', act='SiLU'``; each of the three alone is an ablation.

    Args:
        layout: Of the teacher; ReverseDistillation passes it on.
        blocks: Blocks per stage from deep to shallow; None for 2, 2, 2 (ResNet-18) or 3, 4, 6. The paper on
            receptive-field attention can be read as (6, 4, 3), the teacher's counts mirrored.
        norm: See :func:`~anomaly_rd.models.layers.conv.build_norm`.
        act: See :func:`~anomaly_rd.models.layers.conv.build_act`.
        rfa: Put an RFAConv into every block.
        checkpointing: Keep only the inputs of blocks in training and compute each block a second time in the backward
            pass: a fraction of the memory, about a third more computation, the same gradients and statistics.

    Raises:
        UserError: ``blocks`` are not three numbers from 1.
    """

    def __init__(self, layout: TeacherLayout, blocks: Sequence[int] | None = None, norm: str | dict = 'BN',
                 act: str = 'ReLU', rfa: bool = False, checkpointing: bool = False,
                 init_cfg: dict | None = None) -> None:
        # By name: transposed convolutions keep PyTorch's initialisation, as in the reference implementation.
        super().__init__(init_cfg or dict(type='Kaiming', layer='Conv2d'))
        self.checkpointing = checkpointing
        widths = (layout.embedding_channels, *layout.channels[::-1])
        counts = layout.decoder_blocks if blocks is None else blocks
        if len(counts) != 3 or not all(isinstance(count, int) and count >= 1 for count in counts):
            raise UserError(f'decoder.blocks is {blocks!r}: give the number of blocks of three stages, as in (3, 4, 6)')
        self.stages = nn.ModuleList(
            residual_stage(layout.block, count, widths[i], widths[i + 1], 'up', layout.wide, factor, norm=norm,
                           act=act, rfa=rfa)
            for i, (count, factor) in enumerate(zip(counts, layout.factors[::-1], strict=True)))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map the embedding (N, 2 * c3, H / g, W / g), g the layout's grid, to levels 1 to 3,
        (N, c_k, H / s_k, W / s_k)."""
        recompute = self.checkpointing and self.training and torch.is_grad_enabled()
        features = []
        for stage in self.stages:
            for block in stage:
                x = _recomputed(block, x) if recompute else block(x)
            features.append(x)
        return tuple(features[::-1])


def _recomputed(block: nn.Module, x: Tensor) -> Tensor:
    def contexts() -> tuple[AbstractContextManager, AbstractContextManager]:
        return nullcontext(), _without_statistics(block)

    return checkpoint(block, x, use_reentrant=False, context_fn=contexts)


@contextmanager
def _without_statistics(block: nn.Module) -> Iterator[None]:
    """Normalise by the batch without entering it into the running statistics a second time."""
    with ExitStack() as stack:
        for norm in (module for module in block.modules() if hasattr(module, 'running_mean')):
            for name, value in dict(momentum=0.0, num_batches_tracked=None).items():
                if hasattr(norm, name):
                    stack.callback(setattr, norm, name, getattr(norm, name))
                    setattr(norm, name, value)
        yield

"""What all teachers have in common: they never change, and they say so when they know nothing."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mminspect.models.checkpoint import IN_CHECKPOINT
from mminspect.models.teacher import announce_random, computing_as, dtype_of_student, freeze, has_own_precision
from mminspect.models.teacher_weights import load_weights

from .layout import TeacherLayout


class FrozenTeacher(nn.Module):
    """A network in eval mode for good, whose parameters have no gradients (those of its input it does compute).

    Maps images (N, 3, H, W) to levels (N, channels[k], H / strides[k], W / strides[k]), which have the dtype of the
    images whatever the weights have.

    Attributes:
        channels, strides, block, depth, wide: See :class:`TeacherLayout`; of all levels.
        is_random: Whether its weights were drawn, not loaded; a checkpoint must then take the teacher along.
        is_in_checkpoint: Whether its weights come with the model's checkpoint (``weights='checkpoint'``).
        levels_wanted: Levels that the model reads; deeper ones need not be computed. None: all.
    """

    channels: tuple[int, ...]
    strides: tuple[int, ...] = (4, 8, 16, 32)
    block: str = 'basic'
    depth: int = 18
    wide: bool = False
    is_random: bool = True
    is_in_checkpoint: bool = False
    levels_wanted: int | None = None

    @property
    def layout(self) -> TeacherLayout:
        """What bottleneck and decoder must know, of the first three levels."""
        channels = self.channels[:3]
        return TeacherLayout(channels, self.block, self.depth, self.wide, tuple(self.strides[:len(channels)]))

    def __call__(self, x: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, ...]:
        """As ``forward``, in the precision of the weights; see :func:`mminspect.models.teacher.computing_as`."""
        if not has_own_precision(self, x.dtype):
            return super().__call__(x, *args, **kwargs)
        with computing_as(self, x.dtype):
            levels = super().__call__(x.to(next(self.parameters()).dtype), *args, **kwargs)
        return tuple(level.to(dtype_of_student(x)) for level in levels)

    def fill(self, weights: str | None, draw: Callable[[], None] | None = None, network: nn.Module | None = None,
             ignored: tuple[str, ...] = (), any_publisher: bool = False) -> None:
        """Give the teacher its weights and freeze it; the last line of a teacher's constructor.

        Args:
            weights: Path or URL; None for random ones, which is announced; ``'checkpoint'`` where the checkpoint that
                is loaded next has them.
            draw: Draws random weights; None where the constructor has drawn them.
            network: What the weights belong to; None for the teacher itself.
            ignored: See :func:`mminspect.models.teacher_weights.load_weights`.
            any_publisher: See :func:`mminspect.models.teacher_weights.load_weights`.

        Raises:
            UserError: The weights cannot be read or are not those of this teacher.
        """
        self.is_random, self.is_in_checkpoint = weights is None, weights == IN_CHECKPOINT
        if self.is_random:
            if draw is not None:
                draw()
            announce_random(type(self).__name__, 'weights')
        else:
            load_weights(network or self, weights, ignored, any_publisher)
        self.freeze()

    def freeze(self) -> None:
        """Switch off training and gradients."""
        freeze(self)

    def train(self, mode: bool = True) -> FrozenTeacher:
        """Stay in eval mode: runners call ``train()`` on the whole model at each epoch."""
        return super().train(False)

    @property
    def has_statistics(self) -> bool:
        """Whether every BatchNorm has seen images (as far as its counter, which old weight files lack, can tell)."""
        return all(int(norm.num_batches_tracked) > 0 for norm in self._norms())

    @torch.no_grad()
    def calibrate(self, batches: Iterable[Tensor]) -> None:
        """Give every BatchNorm the mean statistics of ``batches`` of normalised images (N, 3, H, W).

        The exception to never changing: without it a network of random weights neither centres nor scales.
        """
        norms = self._norms()
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # cumulative average
            norm.train()
        try:
            for batch in batches:
                self(batch)
        finally:
            for norm, momentum in zip(norms, momenta, strict=True):
                norm.momentum = momentum
                norm.eval()

    def _norms(self) -> list[nn.Module]:
        return [module for module in self.modules() if isinstance(module, _BatchNorm)]

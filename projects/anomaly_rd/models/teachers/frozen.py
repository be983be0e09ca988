"""What all teachers have in common: they never change, and they say so when they know nothing."""
from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from urllib.error import URLError

import torch
from mmengine.logging import print_log
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mminspect.core.errors import UserError
from mminspect.models.checkpoint import IN_CHECKPOINT, weight_mismatch

from .layout import TeacherLayout

#: Where weights come from.
HINT = ('give model.teacher.weights a file, a URL such as torchvision://resnet18 (needs a network), or None for random '
        'weights; the configs called r18 read the folder MMINSPECT_WEIGHTS')


class FrozenTeacher(nn.Module):
    """A network in eval mode for good, whose parameters have no gradients (those of its input it does compute).

    Attributes:
        channels, block, depth, wide: See :class:`TeacherLayout`.
        is_random: Whether its weights were drawn, not loaded; a checkpoint must then take the teacher along.
    """

    channels: tuple[int, ...]
    block: str
    depth: int
    wide: bool
    is_random: bool = True

    @property
    def layout(self) -> TeacherLayout:
        """What bottleneck and decoder must know."""
        return TeacherLayout(self.channels[:3], self.block, self.depth, self.wide)

    def freeze(self) -> None:
        """Switch off training and gradients; the last line of a teacher's constructor."""
        self.requires_grad_(False).eval()

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

    def announce_random(self) -> None:
        """Log that this teacher knows nothing."""
        print_log(f'RANDOM teacher weights: {type(self).__name__} has weights=None. What it teaches is weak unless a '
                  'checkpoint brings the teacher along; name a file or URL of pretrained weights.',
                  logger='current', level=logging.WARNING)


def read_weights(source: str) -> Mapping[str, Tensor]:
    """Named weights of a backbone, without executing anything in the file.

    Args:
        source: Path of a ``.pth`` or ``.safetensors`` file, URL, or ``'torchvision://resnet18'`` and the like. Prefixes
            ``module.`` are removed, and where names begin with ``backbone.``, only those are used.

    Raises:
        UserError: There is no such file, or it is damaged or no checkpoint, or the network does not answer.
    """
    try:
        loaded = CheckpointLoader.load_checkpoint(source, map_location='cpu', logger='silent')
    except (UserError, URLError, OSError, KeyError) as error:  # KeyError: torchvision knows no such name
        raise UserError(f'teacher weights {source} cannot be loaded ({error}): {HINT}') from error
    weights = {name.removeprefix('module.'): value for name, value in loaded.get('state_dict', loaded).items()}
    of_backbone = {name.removeprefix('backbone.'): value for name, value in weights.items()
                   if name.startswith('backbone.')}
    return of_backbone or weights


def load_weights(network: nn.Module, source: str, ignored: tuple[str, ...] = ()) -> None:
    """Load weights that must be those of ``network``; none for :data:`IN_CHECKPOINT`, a checkpoint has them.

    Args:
        network: Network to fill.
        source: See :func:`read_weights`.
        ignored: Beginnings of names that may be in the file though not in the network (unused stages, heads).

    Raises:
        UserError: As :func:`read_weights`, or names are missing or left over, or shapes differ.
    """
    if source == IN_CHECKPOINT:
        return
    own = network.state_dict()
    weights = {name: value for name, value in read_weights(source).items()
               if name in own or not name.startswith(ignored)}
    needed = {name: value for name, value in own.items()
              if name in weights or not name.endswith('num_batches_tracked')}  # counters are absent from older files
    if examples := weight_mismatch(needed, weights):
        raise UserError(f'teacher weights {source} do not fit this teacher: {examples}; name the weights of this '
                        'architecture in teacher.weights')
    network.load_state_dict(weights, strict=False)

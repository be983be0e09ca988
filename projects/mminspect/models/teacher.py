"""The frozen teacher of every method: a network that a model learns from and does not contain.

A teacher is in eval mode for good and its weights have no gradients. It is no submodule of the model that learns from
it: ``parameters()``, ``state_dict()``, DDP and optimisers do not meet it. :class:`TeacherSlot` holds it there, moves it
with the model and knows which one it is.
"""
from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from mminspect.core.options import check_option

from .digests import weights_sha256
from .precision import active_autocast

#: What a teacher may compute in by itself, whatever the student computes in.
DTYPES = dict(bfloat16=torch.bfloat16, float16=torch.float16)


class TeacherSlot:
    """Where a model keeps its teacher. A plain object, so that ``nn.Module`` does not look into it.

    Args:
        dtype: What the teacher computes in, one of :data:`DTYPES`, which needs half the memory and leaves the student
            as it is (see :func:`computing_as`); None: always what the model has.

    Attributes:
        module: The teacher; None as long as there is none.
        dtype: As a ``torch.dtype``, or None.
        fingerprint: SHA-256 that tells which weights the teacher has; '' where :meth:`identity` finds it out.

    Raises:
        UserError: Another ``dtype``.
    """

    def __init__(self, dtype: str | None = None) -> None:
        check_option('the dtype of the teacher', dtype, (None, *DTYPES))
        self.dtype: torch.dtype | None = DTYPES.get(dtype)
        self.module: nn.Module | None = None
        self.fingerprint = ''

    def put(self, module: nn.Module) -> nn.Module:
        """Freeze a teacher, give it the slot's dtype and keep it; returns it."""
        freeze(module)
        if self.dtype is not None:
            if not self.fingerprint and not any(value.is_meta for value in module.state_dict().values()):
                self.fingerprint = weights_sha256(module.state_dict())  # of the weights as they are in their file
            module.to(self.dtype)
        self.module = module
        return module

    def follow(self, fn: Callable[[Tensor], Tensor]) -> None:
        """Do to the teacher what ``nn.Module._apply`` does to the model (``to``, ``cuda``, ``half`` end there); a dtype
        of its own stays."""
        if self.module is not None:
            self.module._apply(fn if self.dtype is None else lambda tensor: _moved(tensor, fn(tensor)))

    def identity(self) -> str:
        """SHA-256 of the weights in 64 hexadecimal digits."""
        return self.fingerprint or weights_sha256(self.module.state_dict())


def freeze(network: nn.Module) -> nn.Module:
    """Switch off training and the gradients of weights (those of the input can still be computed); returns it."""
    return network.requires_grad_(False).eval()


def announce_random(teacher: str, setting: str) -> None:
    """Log that a teacher knows nothing.

    Args:
        teacher: Which one.
        setting: Where its weights are named in the config.
    """
    print_log(f'RANDOM teacher weights: {teacher} has {setting}=None. What it teaches is weak unless a checkpoint '
              'brings the teacher along; name a file or URL of pretrained weights.', logger='current',
              level=logging.WARNING)


def has_own_precision(network: nn.Module, inputs: torch.dtype) -> bool:
    """Whether the weights of ``network`` are in half precision and what it is given has another dtype."""
    own = next(network.parameters(), torch.empty(0)).dtype
    return own in DTYPES.values() and own != inputs


@contextmanager
def computing_as(network: nn.Module, inputs: torch.dtype) -> Iterator[None]:
    """In the block, a frozen network whose weights are in half precision takes tensors of another dtype.

    Every operation runs in the precision of the weights but for those that need float32 (normalisation over channels,
    softmax), as under autocast; gradients of the input pass. Nothing changes for other weights, nor where the input has
    their dtype.

    Args:
        network: The network, or a part of it.
        inputs: Dtype of what it is given.
    """
    if not has_own_precision(network, inputs):
        yield
        return
    own = next(network.parameters())
    with torch.autocast(own.device.type, own.dtype):
        yield


def dtype_of_student(images: Tensor) -> torch.dtype:
    """What a student that is given ``images`` computes in: their dtype, or that of autocast."""
    return active_autocast(images.device.type) or images.dtype


def _moved(tensor: Tensor, moved: Tensor) -> Tensor:
    """``moved`` with the dtype that ``tensor`` has, without having been rounded to another one in between."""
    if moved.dtype == tensor.dtype:
        return moved
    return torch.empty_like(moved, dtype=tensor.dtype).copy_(tensor)

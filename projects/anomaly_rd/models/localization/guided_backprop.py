"""Gradients that only reinforcing paths carry."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from anomaly_rd.registry import MODELS

from .input_gradient import InputGradient, Score, gradient


@MODELS.register_module()
class GuidedBackprop(InputGradient):
    """Guided backpropagation (Springenberg et al., arXiv:1412.6806) through the student; the teacher's is plain.

    Behind each ReLU of the student the gradient stays where both it and the activation are positive.
    """

    def saliency(self, score: Score, images: Tensor, student: nn.Module) -> Tensor:
        """(N, 3, H, W), signed."""
        with guided(student):
            return gradient(score, images)


@contextmanager
def guided(network: nn.Module) -> Iterator[None]:
    """Let only positive gradients pass the ReLUs of ``network``, which must not work in place."""
    handles = [module.register_full_backward_hook(lambda _, grads, __: (grads[0].clamp(min=0),))
               for module in network.modules() if isinstance(module, nn.ReLU)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()

"""Initial weights of a backbone, under whatever names their publisher gave them."""
from __future__ import annotations

from mmengine.logging import print_log
from mmengine.registry import WEIGHT_INITIALIZERS
from torch import nn

from .teacher_weights import load_weights


@WEIGHT_INITIALIZERS.register_module()
class PublishedInit:
    """In a config ``backbone=dict(..., init_cfg=dict(type='PublishedInit', checkpoint=...))``.

    Where mmengine's ``Pretrained`` goes on with random weights if the names in the file are others, this renames them
    (see :func:`~mminspect.models.teacher_weights.renamed`) or ends with an error.

    Args:
        checkpoint: File, URL, ``torchvision://NAME``, or ``package://NAME`` of a package from pip.

    Raises:
        UserError: When the weights are loaded: they cannot be read or are not those of the network.
    """

    def __init__(self, checkpoint: str) -> None:
        self.checkpoint = checkpoint

    def __call__(self, module: nn.Module) -> None:
        """Load the weights; heads and stages that the network does not have are left out."""
        load_weights(module, self.checkpoint, any_publisher=True)
        print_log(f'{type(module).__name__} begins with the weights of {self.checkpoint}', logger='current')

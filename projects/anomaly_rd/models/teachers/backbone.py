"""Any backbone as a teacher."""
from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError

from .frozen import FrozenTeacher, load_weights

STRIDES = (4, 8, 16)
#: Sides of the images of the dry run; a transformer may refuse maps that are smaller than its windows.
SIDES = (64, 256)


@MODELS.register_module()
class BackboneTeacher(FrozenTeacher):
    """A backbone of another package whose outputs have strides 4, 8 and 16.

    The channels are found by a dry run. Bottleneck and decoder imitate the ResNet that ``block``, ``depth`` and
    ``wide`` name, in the backbone's widths.

    Args:
        backbone: Its config: ``dict(type='mmpretrain.ResNet', depth=50, out_indices=(0, 1, 2))``, or for timm
            ``dict(type='mmpretrain.TIMMBackbone', model_name='...', features_only=True, out_indices=(1, 2, 3))``.
        weights: Path or URL; names as the backbone has them, with or without ``backbone.`` in front. None with neither
            ``init_cfg`` nor ``pretrained=True`` in ``backbone`` gives random weights, which is announced loudly.
        ignored: Beginnings of names in ``weights`` that the backbone does not have.
        block: Kind of residual block in bottleneck and decoder.
        depth: 18, 34 or 50.
        wide: Wide bottleneck blocks.

    Attributes:
        channels: Channels of the three levels.

    Raises:
        UserError: A package that the backbone needs is not installed; or it refuses images; or the outputs are not
            three maps of strides 4, 8 and 16; or the weights are not those of the backbone.
    """

    def __init__(self, backbone: dict, weights: str | None = None,
                 ignored: tuple[str, ...] = ('head.', 'fc.', 'classifier.'),
                 block: Literal['basic', 'bottleneck'] = 'basic', depth: int = 18, wide: bool = False) -> None:
        super().__init__()
        self.block, self.depth, self.wide = block, depth, wide
        self.is_random = not (weights or backbone.get('init_cfg') or backbone.get('pretrained'))
        with torch.device('cpu'):  # constructors compute with tensors, which fails on the meta device
            self.backbone = _build(backbone)
        self.backbone.to(torch.get_default_device())
        if weights is not None:
            load_weights(self.backbone, weights, tuple(ignored))
        elif self.is_random:
            self.announce_random()
        self.freeze()
        self.channels = self._dry_run(backbone)

    @torch.no_grad()
    def _dry_run(self, backbone: dict[str, Any]) -> tuple[int, int, int]:
        for side in SIDES:
            try:
                levels = self(next(self.parameters()).new_zeros(1, 3, side, side))
                break
            except Exception as error:  # backbones refuse sizes in many ways
                if side == SIDES[-1]:
                    raise UserError(f'teacher backbone {backbone.get("type")} does not take images of {side}x{side} '
                                    f'pixels ({type(error).__name__}: {error}): choose another backbone or its size '
                                    'of images') from error
        if [tuple(level.shape[2:]) for level in levels] != [(side // s, side // s) for s in STRIDES]:
            raise UserError(f'teacher backbone {backbone.get("type")} maps {side}x{side} pixels to '
                            f'{", ".join("x".join(map(str, level.shape[1:])) for level in levels)}, needed are three '
                            'maps of strides 4, 8 and 16: choose its out_indices')
        return tuple(level.shape[1] for level in levels)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Map (N, 3, H, W) to levels 1 to 3: (N, channels[k - 1], H / 2**(k + 1), W / 2**(k + 1))."""
        return tuple(self.backbone(x))


def _build(backbone: dict[str, Any]) -> nn.Module:
    try:
        network = MODELS.build(backbone)
    except ImportError as error:
        raise UserError(f'teacher.backbone {backbone.get("type")} cannot be built: {error}') from error
    if hasattr(network, 'init_weights'):
        network.init_weights()
    return network

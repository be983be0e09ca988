"""A pyramid of timm as the backbone of a detector, with frozen layers as mmdet's ResNet has them."""
from __future__ import annotations

from collections.abc import Sequence

from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from mminspect.core.errors import UserError
from mminspect.models.package_weights import how_to_install
from mminspect.models.precision import in_float32


@MODELS.register_module()
class TIMMPyramid(BaseModule):
    """Levels of one of timm's networks (``features_only=True``).

    mmpretrain's ``TIMMBackbone`` wraps them too, but trains every layer and every BatchNorm.

    Args:
        model_name: timm's name, such as 'tf_efficientnet_lite0'.
        out_indices: Which levels, 0 is the finest that the network has.
        frozen: Beginnings of the names of layers that are not trained, in timm's words: ``('conv_stem', 'bn1',
            'blocks.0.')`` are an EfficientNet's first ones, whose backward pass is the dearest part of a step.
        norm_eval: Every BatchNorm keeps the statistics that it has; for small batches.
        float32: Compute in float32 also under autocast: on CPUs depthwise convolutions are slower in bfloat16.
        init_cfg: Initial weights: ``dict(type='PublishedInit', checkpoint=...)``.

    Raises:
        UserError: timm is not installed, or no layer begins with one of ``frozen``.
    """

    def __init__(self, model_name: str, out_indices: Sequence[int] = (1, 2, 3, 4), frozen: Sequence[str] = (),
                 norm_eval: bool = True, float32: bool = False, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        try:
            import timm
        except ImportError as error:
            raise UserError(f'the backbone {model_name} is one of timm, which is not installed: '
                            f'{how_to_install((init_cfg or {}).get("checkpoint"))}') from error
        try:
            self.timm_model = timm.create_model(model_name, features_only=True, out_indices=tuple(out_indices))
        except (RuntimeError, IndexError, AssertionError, ValueError) as error:  # of a name or a level
            raise UserError(f'timm makes no backbone {model_name!r} with out_indices={tuple(out_indices)} '
                            f'({type(error).__name__}: {error}): correct one of the two') from error
        self.frozen = (frozen, ) if isinstance(frozen, str) else tuple(frozen)
        self.norm_eval, self.float32 = norm_eval, float32
        names = [name for name, _ in self.timm_model.named_modules()]
        for start in self.frozen:
            if not any(f'{name}.'.startswith(start) for name in names):
                raise UserError(f'no layer of {model_name} begins with {start!r}: it has '
                                f'{", ".join(name for name, _ in self.timm_model.named_children())}; correct '
                                'backbone.frozen')
        for name, parameter in self.timm_model.named_parameters():
            if self.frozen and name.startswith(self.frozen):
                parameter.requires_grad_(False)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Map (N, 3, H, W) to the levels (N, C_k, H / s_k, W / s_k)."""
        run = in_float32(self.timm_model) if self.float32 else self.timm_model
        return tuple(run(x))

    def train(self, mode: bool = True) -> TIMMPyramid:
        """As mmdet's ResNet: BatchNorm stays in eval mode with ``norm_eval``, and in frozen layers anyhow."""
        super().train(mode)
        for name, module in self.timm_model.named_modules():
            if isinstance(module, _BatchNorm) and (self.norm_eval or (
                    self.frozen and f'{name}.'.startswith(self.frozen))):
                module.eval()
        return self

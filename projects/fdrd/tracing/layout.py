"""How the dense heads of mmdet are built, so that one piece of code can walk through each of them."""
from __future__ import annotations

from dataclasses import dataclass

from mmdet.models.dense_heads import ATSSHead, GFLHead, RetinaHead
from torch import nn

from mminspect.core.errors import UserError


@dataclass(frozen=True)
class HeadLayout:
    """Names of the output convolutions behind a head's two towers ``cls_convs`` and ``reg_convs``.

    Attributes:
        cls: Classification output, on the cls tower.
        reg: Box output, on the reg tower.
        quality: Extra output on the reg tower (centerness), or None.
        scaled: The box output is multiplied by a learnable scale per level.
        distribution: The box output is a distribution over ``reg_max + 1`` bins per side.
    """

    cls: str
    reg: str
    quality: str | None = None
    scaled: bool = True
    distribution: bool = False


LAYOUTS: dict[type[nn.Module], HeadLayout] = {
    GFLHead: HeadLayout('gfl_cls', 'gfl_reg', distribution=True),
    ATSSHead: HeadLayout('atss_cls', 'atss_reg', quality='atss_centerness'),
    RetinaHead: HeadLayout('retina_cls', 'retina_reg', scaled=False),
}

_FOLLOWED = ('forward', 'forward_single', 'get_anchors', 'get_targets', 'loss_by_feat')


def layout_of(head: nn.Module) -> HeadLayout:
    """Layout of ``head``.

    Raises:
        UserError: The head is none of GFLHead, ATSSHead and RetinaHead, or overrides their forward pass (as VFNetHead
            and TOODHead do) or label assignment (PAAHead), or its towers are not convolution + norm + ReLU.
    """
    layouts = [layout for kind, layout in LAYOUTS.items() if isinstance(head, kind)
               and all(getattr(type(head), name) is getattr(kind, name) for name in _FOLLOWED)]
    if not layouts:
        raise UserError(f'distillation cannot follow the steps of {type(head).__name__}: use one of '
                        f'{", ".join(k.__name__ for k in LAYOUTS)}')
    for conv in [*head.cls_convs, *head.reg_convs]:
        if tuple(conv.order) != ('conv', 'norm', 'act') or not isinstance(getattr(conv, 'activate', None), nn.ReLU):
            raise UserError(f'the towers of {type(head).__name__} must be convolution, norm, ReLU for distillation; '
                            'leave conv_cfg, norm_cfg and act_cfg of the head as they are')
    return layouts[0]

"""Feature pyramid whose top-down steps upsample by content, with attention behind its outputs: the teacher's neck.

Sources: FPN, Lin et al., CVPR 2017, arXiv:1612.03144; FDRD, sections on semantic upsampling and attention.
"""
from __future__ import annotations

import torch.nn.functional as F
from mmcv.cnn import ConvModule, build_upsample_layer
from mmdet.registry import MODELS
from mmengine.model import BaseModule, ModuleList, xavier_init
from torch import Tensor, nn

TOPOLOGIES = ('carafe', 'fpn')


@MODELS.register_module()
class SemanticFPN(BaseModule):
    """FPN with a choice of topology, upsampling and attention; drop-in for mmdet's ``FPN``.

    Topology 'carafe' (mmdet's ``FPN_CARAFE``): extra levels are stride-2 laterals on the last backbone level, take part
    in the top-down path and have output convolutions of their own. Topology 'fpn' (mmdet's ``FPN``): extra levels come
    from the outputs. With ``upsample_cfg=dict(type='nearest')`` and no attention, parameters (names included) and
    outputs are those of mmdet's necks.

    Args:
        in_channels: Channels of every backbone level.
        out_channels: Channels of every output.
        num_outs: Number of outputs; those beyond the backbone's levels are extra levels.
        start_level: First backbone level that is used.
        end_level: Last backbone level that is used, -1 for the last.
        topology: 'carafe' or 'fpn'.
        add_extra_convs: For 'fpn': 'on_output' for stride-2 convolutions (RetinaNet, GFL), False for stride-2
            max-pooling (Faster R-CNN).
        upsample_cfg: ``dict(type='SemanticUpsample', ...)``, ``dict(type='carafe', ...)`` (mmcv's, CUDA) or
            ``dict(type='nearest')``. Every top-down step has an instance of its own.
        attention_cfg: ``dict(type='SE' | 'CBAM' | 'SimAM', ...)`` or None; one instance per output level.
        share_attention: One attention instance for all levels instead.

    Raises:
        ValueError: Unknown topology, or ``num_outs`` below the number of used backbone levels.
    """

    def __init__(self, in_channels: list[int], out_channels: int, num_outs: int, start_level: int = 0,
                 end_level: int = -1, topology: str = 'carafe', add_extra_convs: str | bool = 'on_output',
                 upsample_cfg: dict | None = None, attention_cfg: dict | None = None, share_attention: bool = False,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        used = in_channels[start_level:] if end_level == -1 else in_channels[start_level:end_level + 1]
        extra = num_outs - len(used)
        if topology not in TOPOLOGIES or extra < 0 or add_extra_convs not in ('on_output', False):
            raise ValueError(f'topology must be one of {TOPOLOGIES} (got {topology!r}), num_outs at least the '
                             f'{len(used)} used levels (got {num_outs}), add_extra_convs "on_output" or False '
                             f'(got {add_extra_convs!r})')
        self.start_level, self.topology, self.extra, self.num_ins = start_level, topology, extra, len(in_channels)
        self.add_extra_convs = add_extra_convs
        conv = dict(act_cfg=None, inplace=False)
        # torch's ModuleList, into which init_weights does not descend: init_cfg, if given, has the last word here
        self.lateral_convs = nn.ModuleList(ConvModule(c, out_channels, 1, **conv) for c in used)
        self.fpn_convs = nn.ModuleList(ConvModule(out_channels, out_channels, 3, padding=1, **conv) for _ in used)
        for i in range(extra):
            down = dict(kernel_size=3, stride=2, padding=1, **conv)
            if topology == 'carafe':
                self.lateral_convs.append(ConvModule(out_channels if i else used[-1], out_channels, **down))
                self.fpn_convs.append(ConvModule(out_channels, out_channels, 3, padding=1, **conv))
            elif add_extra_convs:
                self.fpn_convs.append(ConvModule(out_channels, out_channels, **down))
        self.upsample_modules = ModuleList(
            _build_upsample(out_channels, upsample_cfg) for _ in range(len(self.lateral_convs) - 1))
        self.attention = _build_attention(out_channels, num_outs, attention_cfg, share_attention)

    def init_weights(self) -> None:
        """Xavier for the pyramid's convolutions; upsamplers and attention keep their own initialisation."""
        super().init_weights()
        if self.init_cfg:
            return
        for module in [*self.lateral_convs, *self.fpn_convs]:
            xavier_init(module.conv, distribution='uniform')

    def forward(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Backbone features, finest first, (N, C_i, H_i, W_i) -> ``num_outs`` maps of shape (N, out_channels, ., .)."""
        if len(inputs) != self.num_ins:
            raise ValueError(f'SemanticFPN was built for {self.num_ins} backbone levels, got {len(inputs)}')
        laterals = self._laterals(inputs)
        for i in range(len(laterals) - 1, 0, -1):
            laterals[i - 1] = laterals[i - 1] + self._upsample(i - 1, laterals[i], laterals[i - 1])
        outputs = [conv(lateral) for conv, lateral in zip(self.fpn_convs, laterals, strict=False)]
        for i in range(len(outputs), len(laterals) + (self.extra if self.topology == 'fpn' else 0)):
            outputs.append(self.fpn_convs[i](outputs[-1]) if self.add_extra_convs else F.max_pool2d(outputs[-1], 1, 2))
        if self.attention is None:
            return tuple(outputs)
        return tuple(attend(out) for attend, out in zip(self.attention, outputs, strict=True))

    def _laterals(self, inputs: tuple[Tensor, ...]) -> list[Tensor]:
        laterals: list[Tensor] = []
        used = inputs[self.start_level:]
        for i, conv in enumerate(self.lateral_convs):
            beyond = i > len(self.lateral_convs) - 1 - self.extra and self.topology == 'carafe'
            first_extra = i == len(self.lateral_convs) - self.extra
            source = used[i] if not beyond else (used[i - 1] if first_extra else laterals[-1])
            laterals.append(conv(source))
        return laterals

    def _upsample(self, step: int, coarse: Tensor, fine: Tensor) -> Tensor:
        upsample = self.upsample_modules[step]
        if isinstance(upsample, nn.Identity):
            return F.interpolate(coarse, size=fine.shape[2:], mode='nearest')
        return fit(upsample(coarse), fine.shape[2:], scale=2)


def fit(x: Tensor, size: tuple[int, int], scale: int) -> Tensor:
    """Bring an upsampled map to the size of the finer level; never raises.

    A surplus of less than ``scale`` pixels, which ceil-rounding strides leave, is cropped at the bottom and right as
    mmdet's ``FPN_CARAFE`` does; any other difference is resized with nearest neighbours.

    Args:
        x: Shape (N, C, H', W').
        size: Wanted (H, W).
        scale: Upsampling factor.
    """
    surplus = [have - want for have, want in zip(x.shape[2:], size, strict=True)]
    if all(0 <= s < scale for s in surplus):
        return x[:, :, :size[0], :size[1]]
    return F.interpolate(x, size=tuple(size), mode='nearest')


def _build_upsample(channels: int, cfg: dict | None) -> nn.Module:
    cfg = dict(cfg or dict(type='SemanticUpsample'))
    if cfg['type'] == 'nearest':
        return nn.Identity()
    if cfg['type'] == 'carafe':
        return build_upsample_layer(dict(channels=channels, scale_factor=2, **cfg))
    return MODELS.build(dict(channels=channels, scale_factor=2, **cfg))


def _build_attention(channels: int, levels: int, cfg: dict | None, share: bool) -> ModuleList | None:
    if cfg is None:
        return None
    first = MODELS.build(dict(channels=channels, **cfg))
    rest = (first if share else MODELS.build(dict(channels=channels, **cfg)) for _ in range(levels - 1))
    return ModuleList([first, *rest])

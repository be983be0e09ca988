"""Semantic upsampling: CARAFE's reassembly with a kernel predictor that looks at a wider neighbourhood.

Source: FDRD, section "semantic upsampling". Its code was never released; widths that the paper leaves open follow the
published cost (raised width 2C gives the published FLOPs).
"""
from __future__ import annotations

from itertools import pairwise

import torch
from mmcv.cnn import ConvModule
from mmdet.registry import MODELS
from mmengine.model import BaseModule, initialize, normal_init, xavier_init
from torch import Tensor, nn

from .reassemble import IMPLEMENTATIONS, reassemble


@MODELS.register_module()
class SemanticUpsample(BaseModule):
    """Upsample a map (N, C, H, W) to (N, C, aH, aW), a = ``scale_factor``, by predicted kernels.

    Kernel prediction: raise C to M channels; split into n groups; staircase of 3x3 convolutions in which group i also
    sees the result of group i-1, so its window is (2i+1) x (2i+1); concatenate; 1x1 convolutions back to C plus the
    input; one convolution to a²·k² channels; pixel shuffle; softmax over the k² weights of each output pixel.

    Args:
        channels: C.
        scale_factor: a, any integer of at least 1.
        up_kernel: k, side of the reassembly kernel, odd.
        groups: n; M must be divisible by it.
        raised_channels: M, greater than C; 2C by default.
        num_align_convs: Number of 1x1 convolutions that lead back from M to C channels.
        encoder_kernel: Side of the kernel-producing convolution, odd.
        norm_cfg: Normalisation behind the raising, staircase and align convolutions; none by default.
        act_cfg: Activation behind the same convolutions; none by default.
        impl: See :func:`fdrd.layers.reassemble`.

    Raises:
        ValueError: ``raised_channels`` does not exceed ``channels`` or is not divisible by ``groups``; even kernels.
    """

    def __init__(self, channels: int, scale_factor: int = 2, up_kernel: int = 5, groups: int = 4,
                 raised_channels: int | None = None, num_align_convs: int = 2, encoder_kernel: int = 3,
                 norm_cfg: dict | None = None, act_cfg: dict | None = None, impl: str = 'auto',
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        raised = 2 * channels if raised_channels is None else raised_channels
        if raised <= channels or raised % groups:
            raise ValueError(f'raised_channels must exceed channels={channels} and be divisible by groups={groups}, '
                             f'got {raised}')
        if up_kernel % 2 == 0 or encoder_kernel % 2 == 0:
            raise ValueError(f'up_kernel and encoder_kernel must be odd, got {up_kernel} and {encoder_kernel}')
        if impl not in IMPLEMENTATIONS or num_align_convs < 1 or scale_factor < 1:
            raise ValueError(f'impl must be one of {IMPLEMENTATIONS}, num_align_convs and scale_factor at least 1; '
                             f'got {impl!r}, {num_align_convs}, {scale_factor}')
        self.scale_factor, self.up_kernel, self.groups, self.impl = scale_factor, up_kernel, groups, impl
        conv = dict(norm_cfg=norm_cfg, act_cfg=act_cfg, inplace=False)
        part = raised // groups
        self.raise_conv = ConvModule(channels, raised, 1, **conv)
        self.staircase = nn.ModuleList(ConvModule(part, part, 3, padding=1, **conv) for _ in range(groups))
        widths = [raised] + [channels] * num_align_convs
        self.align = nn.Sequential(*(ConvModule(i, o, 1, **conv) for i, o in pairwise(widths)))
        self.encoder = nn.Conv2d(channels, (scale_factor * up_kernel)**2, encoder_kernel, padding=encoder_kernel // 2)

    def init_weights(self) -> None:
        """CARAFE's initialisation unless ``init_cfg`` is given: each kernel starts as nearly its window's mean."""
        super().init_weights()
        if self.init_cfg:
            initialize(self, self.init_cfg)  # once more: ConvModule has had an initialisation of its own
            return
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                xavier_init(module, distribution='uniform')
        normal_init(self.encoder, std=0.001)

    def predict_kernels(self, x: Tensor) -> Tensor:
        """Kernels for ``x``: (N, C, H, W) -> (N, k², aH, aW), positive, summing to 1 over dimension 1.

        Channel ``q·a² + p`` of the encoder is weight q of sub-position p (the layout of ``pixel_shuffle``).
        """
        steps: list[Tensor] = []
        for conv, part in zip(self.staircase, self.raise_conv(x).chunk(self.groups, dim=1), strict=True):
            steps.append(conv(part + steps[-1] if steps else part))
        semantic = self.align(torch.cat(steps, dim=1)) + x
        return nn.functional.pixel_shuffle(self.encoder(semantic), self.scale_factor).softmax(dim=1)

    def forward(self, x: Tensor) -> Tensor:
        """Upsample ``x`` of shape (N, C, H, W) to (N, C, aH, aW)."""
        return reassemble(x, self.predict_kernels(x), self.up_kernel, self.scale_factor, self.impl)


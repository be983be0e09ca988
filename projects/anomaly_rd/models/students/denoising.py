"""Students that see a corrupted image and have to answer with the features of the clean one."""
from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from anomaly_rd.models.layers import residual_stage
from anomaly_rd.models.teachers.layout import TeacherLayout
from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError

KAIMING = dict(type='Kaiming', layer='Conv2d')


@MODELS.register_module()
class DenoisingStudent(BaseModule):
    """A ResNet-18 encoder, from scratch, and a decoder of basic blocks between bilinear upsamplings, without skips.

    The denoising student of DeSTSeg (Zhang et al., CVPR 2023, arXiv:2211.11317).

    Args:
        channels: Channels of the teacher's levels 1 to 3.
        width: Channels of the encoder's first stage; 64 is ResNet-18.
    """

    #: Whether ``forward`` needs the teacher's features of the same image.
    reads_teacher: ClassVar[bool] = False

    def __init__(self, channels: Sequence[int] = (64, 128, 256), width: int = 64,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg or KAIMING)
        widths = [width * 2**k for k in range(4)]
        self.stem = nn.Sequential(nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width),
                                  nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1))
        self.encoder = nn.Sequential(*(
            residual_stage('basic', 2, widths[max(k - 1, 0)], widths[k], 'down' if k else 'none') for k in range(4)))
        sizes = (widths[3], widths[3], *channels[::-1])
        self.decoder = nn.ModuleList(
            residual_stage('basic', 2, sizes[k], sizes[k + 1], 'none') for k in range(len(sizes) - 1))

    def forward(self, images: Tensor, teacher_features: Sequence[Tensor] | None = None) -> tuple[Tensor, ...]:
        """Map images (N, 3, H, W) to levels 1 to 3: (N, channels[k - 1], H / 2**(k + 1), W / 2**(k + 1))."""
        x = self.decoder[0](self.encoder(self.stem(images)))
        levels = []
        for stage in self.decoder[1:]:
            x = stage(F.interpolate(x, scale_factor=2, mode='bilinear', align_corners=False))
            levels.append(x)
        return tuple(levels[::-1])


@MODELS.register_module()
class DecoderOnlyStudent(BaseModule):
    """Reverse distillation without a bottleneck: a decoder on the teacher's fourth level, of the corrupted image.

    Args:
        layout: Of the teacher; DenoisingDistillation passes it on.
        decoder: Config of a decoder of (N, 2 * c3, h, w) to levels 1 to 3.
    """

    reads_teacher: ClassVar[bool] = True

    def __init__(self, layout: TeacherLayout, decoder: dict | None = None, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.decoder = MODELS.build(dict(decoder or dict(type='ReverseDecoder'), layout=layout))

    def forward(self, images: Tensor, teacher_features: Sequence[Tensor] | None = None) -> tuple[Tensor, ...]:
        """Map the teacher's four levels, the last (N, 2 * c3, H / 32, W / 32), to three like its first ones.

        Raises:
            UserError: The teacher has three levels.
        """
        if teacher_features is None or len(teacher_features) < 4:
            raise UserError('DecoderOnlyStudent starts from the fourth level of the teacher: give teacher features=4 '
                            'and weights that have layer4')
        return tuple(self.decoder(teacher_features[3]))

"""RD++: reverse distillation behind a projection that is trained to wipe out pseudo-anomalies."""
from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar, Literal

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.functional import normalize

from anomaly_rd.registry import MODELS
from mminspect.core.options import check_option
from mminspect.models.anomaly_data_sample import AnomalyDataSample
from mminspect.models.precision import in_float32

from .feature_distillation import Levels
from .losses import cosine
from .optimal_transport import sinkhorn_divergence
from .reverse_distillation import ReverseDistillation

#: Factors of the three terms of the projection, and what their sum is divided by.
TRANSPORT, RECONSTRUCTION, CONTRAST, TOTAL = 1.0, 0.01, 0.1, 1.11
#: Cosine up to which raw features of the corrupted image and projected ones of the clean image may agree.
MARGIN = 0.5
#: Positions of a map that ``transport='pairs'`` compares.
POSITIONS = 256


@MODELS.register_module()
class FeatureProjection(BaseModule):
    """Per level four 3 x 3 convolutions to a half, a quarter, a half and all of the channels, each with InstanceNorm
    and LeakyReLU.

    Args:
        channels: Of the levels.
    """

    def __init__(self, channels: Sequence[int], init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.levels = nn.ModuleList(nn.Sequential(*(
            layer for given, made in pairwise(widths)
            for layer in (nn.Conv2d(given, made, 3, padding=1), nn.InstanceNorm2d(made), nn.LeakyReLU(0.01))))
            for widths in ((count, count // 2, count // 4, count // 2, count) for count in channels))

    def forward(self, levels: Sequence[Tensor]) -> Levels:
        """Levels (N, C_k, h_k, w_k) to the same shapes."""
        return tuple(level(x) for level, x in zip(self.levels, levels, strict=True))


class ProjectionLoss(nn.Module):
    """The three terms of RD++'s projection.

    Args:
        transport: See :class:`ProjectedDistillation`.
    """

    def __init__(self, transport: Literal['off', 'batch', 'pairs']) -> None:
        super().__init__()
        self.transport = transport

    @in_float32
    def forward(self, corrupt: Levels, projected: Levels, projected_corrupt: Levels) -> dict[str, Tensor]:
        """Terms () of the teacher's levels of corrupted images and the projections of clean and corrupted ones."""
        pairs = list(zip(corrupt, projected, projected_corrupt, strict=True))
        rebuilt = sum((1 - cosine(clean, bad, (1, ))).mean() for _, clean, bad in pairs)
        contrast = sum((cosine(raw, clean, (1, 2, 3)) - MARGIN).clamp(min=0).mean() for raw, clean, _ in pairs)
        found = dict(reconstruction=RECONSTRUCTION / TOTAL * rebuilt, contrast=CONTRAST / TOTAL * contrast)
        if self.transport != 'off':
            moved = sum(_batch_transport(clean) if self.transport == 'batch' else _pair_transport(clean)
                        for _, clean, _ in pairs)
            found['transport'] = TRANSPORT / TOTAL * moved
        return found


def _batch_transport(level: Tensor) -> Tensor:
    """The published code: a batch as a cloud of softmax vectors, against itself in another order."""
    cloud = level.flatten(1).softmax(1)
    order = torch.randperm(len(cloud), device=cloud.device)
    return sinkhorn_divergence(cloud, cloud[order], blur=0.05, scaling=0.95, diameter=10.0)


def _pair_transport(level: Tensor) -> Tensor:
    """What the paper describes: the features of two good images should be one distribution."""
    rows = normalize(level).flatten(2).transpose(1, 2)  # (N, positions, C)
    places = torch.randperm(rows.shape[1], device=rows.device)[:POSITIONS]
    order = torch.randperm(len(rows), device=rows.device)
    return sum(sinkhorn_divergence(one, rows[other, places]) for one, other in zip(
        rows[:, places], order.tolist(), strict=True)) / len(rows)


@MODELS.register_module()
class ProjectedDistillation(ReverseDistillation):
    """RD++ (Tien et al., "Revisiting Reverse Distillation for Anomaly Detection", CVPR 2023).

    The bottleneck sees projected features; the student's targets and the test maps stay the teacher's raw ones.

    The optimal-transport term of the published code compares a batch with the same batch in another order, which is the
    same cloud: value and gradient are 0. It is off by default.

    Args:
        transport: ``'off'``; ``'batch'``, as published, at the cost of hundreds of iterations for a zero; or
            ``'pairs'``, between positions of two images, as the paper's text describes it.
        projection_weight: Of the projection's loss beside that of the distillation.
        **options: Of :class:`ReverseDistillation`.

    Raises:
        UserError: Unknown ``transport``.
    """

    views: ClassVar[tuple[str, ...]] = ('corrupt', )

    def __init__(self, transport: Literal['off', 'batch', 'pairs'] = 'off', projection_weight: float = 0.2,
                 **options: Any) -> None:
        super().__init__(**options)
        check_option('model.transport', transport, ('off', 'batch', 'pairs'))
        self.projection = FeatureProjection(self.teacher.channels)
        self.projection_loss, self.projection_weight = ProjectionLoss(transport), projection_weight

    def loss(self, inputs: Tensor, data_samples: list[AnomalyDataSample] | None = None, *,
             inputs_corrupt: Tensor) -> dict[str, Tensor]:
        """``loss_distill``, ``loss_reconstruction``, ``loss_contrast`` and, if it is on, ``loss_transport``.

        Args:
            inputs: (N, 3, H, W), the clean images.
            data_samples: One per image.
            inputs_corrupt: (N, 3, H, W), the corrupted images.
        """
        teacher, corrupt = self.training_feat(inputs, data_samples), self.extract_feat(inputs_corrupt)
        projected, projected_corrupt = self.projection(teacher), self.projection(corrupt)
        found = dict(loss_distill=self.loss_distill(teacher, super().imitate(inputs, projected)))
        terms = self.projection_loss(corrupt, projected, projected_corrupt)
        return found | {f'loss_{name}': self.projection_weight * value for name, value in terms.items()}

    def imitate(self, inputs: Tensor, teacher_feats: Levels) -> Levels:
        """What the decoder makes of projected levels of the teacher."""
        return super().imitate(inputs, self.projection(teacher_feats))

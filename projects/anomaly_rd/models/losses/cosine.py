"""How far a student's features are from the teacher's: one minus the cosine."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError

#: Smallest product of norms that a cosine is divided by.
EPS = 1e-8


def cosine(teacher: Tensor, student: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Cosine of the vectors that lie along ``dims`` of two maps (N, C, H, W), in float32 also under autocast."""
    with torch.autocast(teacher.device.type, enabled=False):
        teacher, student = (t.to(torch.promote_types(t.dtype, torch.float32)) for t in (teacher, student))
        norms = teacher.square().sum(dims) * student.square().sum(dims)
        return (teacher * student).sum(dims) * norms.clamp_min(EPS**2).rsqrt()


@MODELS.register_module()
class CosineDistillationLoss(nn.Module):
    """Sum over levels of the mean of 1 - cosine.

    Args:
        mode: ``'global'``: one cosine per image and level between the whole flattened maps, as in the code of reverse
            distillation (Deng and Li, arXiv:2201.10703); also the relative magnitudes of positions must agree.
            ``'local'``: one per position, as in the paper's formula; trains to lower scores.
    """

    def __init__(self, mode: Literal['global', 'local'] = 'global') -> None:
        super().__init__()
        if mode not in ('global', 'local'):
            raise UserError(f"loss.mode is {mode!r}, known are 'global' and 'local': change it in the config")
        self.dims = (1, 2, 3) if mode == 'global' else (1,)

    def forward(self, teacher_feats: Sequence[Tensor], student_feats: Sequence[Tensor]) -> Tensor:
        """Loss () float32 in [0, 2 * levels] of features (N, C_k, h_k, w_k); the teacher's get no gradient."""
        pairs = zip(teacher_feats, student_feats, strict=True)
        return sum((1 - cosine(teacher.detach(), student, self.dims)).mean() for teacher, student in pairs)

"""SimpleNet: adapted patch features against the same with noise, told apart by a small network."""
from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError
from mminspect.core.options import check_option
from mminspect.models.anomaly_data_sample import AnomalyDataSample
from mminspect.models.anomaly_model import Maps
from mminspect.models.precision import in_float32

from .patches import PatchEmbedding
from .teacher_student import TeacherStudentModel

XAVIER = dict(type='Xavier', layer='Linear', distribution='normal')


class PatchDiscriminator(BaseModule):
    """Linear layer, BatchNorm, LeakyReLU of 0.2, one number: above 0 for patches of good parts.

    Args:
        length: Of a patch's vector.
        width: Of the hidden layer.
    """

    def __init__(self, length: int, width: int, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg or XAVIER)
        self.hidden, self.norm = nn.Linear(length, width), nn.BatchNorm1d(width)
        self.activation, self.value = nn.LeakyReLU(0.2), nn.Linear(width, 1, bias=False)

    def forward(self, rows: Tensor) -> Tensor:
        """(R, length) to (R,)."""
        return self.value(self.activation(self.norm(self.hidden(rows))))[:, 0]


class Adaptor(BaseModule):
    """One linear layer that brings features of photographs nearer to those of the parts."""

    def __init__(self, length: int, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg or XAVIER)
        self.linear = nn.Linear(length, length)

    def forward(self, rows: Tensor) -> Tensor:
        """(R, length) to (R, length)."""
        return self.linear(rows)


@MODELS.register_module()
class FeatureDiscriminator(TeacherStudentModel):
    """SimpleNet (Liu et al., "SimpleNet: A Simple Network for Image Anomaly Detection and Localization", CVPR 2023,
    arXiv:2303.15140).

    The adaptor and the discriminator have an optimiser each (``PartsOptimWrapperConstructor``, parts ``adaptor`` and
    ``discriminator``), whose steps follow each other on the same noise.

    Args:
        teacher: Config of a frozen teacher.
        levels: Which of its levels are embedded, counted from 1.
        embedding: Arguments of :class:`~anomaly_rd.models.patches.PatchEmbedding`.
        width: Of the discriminator's hidden layer.
        noise_std: Of the Gaussian noise.
        noise: ``'absolute'``, as published: the noise has ``noise_std``; or ``'relative'``: times the standard
            deviation of the batch's adapted features, for teachers whose features have another scale.
        margin: th of the hinge loss.
        map_head: Config of a :class:`~anomaly_rd.models.heads.PatchMapHead`.
        save_teacher: See :class:`TeacherStudentModel`.

    Raises:
        UserError: A value is out of its range.
    """

    map_options: ClassVar[tuple[str, ...]] = ('levels', 'map_head')

    def __init__(self, teacher: dict, levels: Sequence[int] = (2, 3), embedding: dict | None = None,
                 width: int = 1024, noise_std: float = 0.015, noise: Literal['absolute', 'relative'] = 'absolute',
                 margin: float = 0.5, map_head: dict | None = None, save_teacher: bool = False,
                 data_preprocessor: dict | None = None, init_cfg: dict | None = None) -> None:
        super().__init__(teacher, save_teacher, data_preprocessor, init_cfg)
        check_option('model.noise', noise, ('absolute', 'relative'))
        for name, value in (('noise_std', noise_std), ('margin', margin), ('width', width)):
            if not 0 < value < float('inf'):
                raise UserError(f'model.{name} is {value!r}: give a number above 0')
        self.take_levels(levels)
        self.embedding = PatchEmbedding(self.taken_channels, **(embedding or {}))
        self.adaptor = Adaptor(self.embedding.length)
        self.discriminator = PatchDiscriminator(self.embedding.length, width)
        self.noise, self.noise_std, self.margin = noise, noise_std, margin
        self.map_head = MODELS.build(dict(dict(type='PatchMapHead'), **(map_head or {})))
        self._batch: tuple[Tensor, Tensor, Tensor] | None = None

    @torch.no_grad()
    def embed(self, inputs: Tensor) -> Tensor:
        """Patches (N, length, h, w) of normalised images (N, 3, H, W)."""
        return self.embedding(self.taken(self.teacher(inputs))).float()

    def loss(self, inputs: Tensor, data_samples: list[AnomalyDataSample] | None = None,
             part: str | None = None) -> dict[str, Tensor]:
        """``loss_hinge`` () of a batch: good patches should get more than the margin, noisy ones less than minus it.

        Args:
            inputs: (N, 3, H, W), normalised.
            data_samples: One per image.
            part: Whose step it is; embedding and noise of a batch are made once for both.
        """
        if self._batch is None or self._batch[0] is not inputs:
            rows = self.embed(inputs).permute(0, 2, 3, 1).flatten(0, 2)
            self._batch = inputs, rows, self.noise_std * torch.randn_like(rows)
        _, rows, noise = self._batch
        with torch.autocast(inputs.device.type, enabled=False):
            good = self.adaptor(rows)
            if self.noise == 'relative':
                noise = noise * good.detach().std()
            good_values, noisy_values = self.discriminator(torch.cat([good, good + noise])).chunk(2)
            hinge = (self.margin - good_values).clamp(min=0).mean() + (self.margin + noisy_values).clamp(min=0).mean()
        return dict(loss_hinge=hinge)

    @in_float32
    def _values(self, patches: Tensor) -> Tensor:
        """Minus the discriminator's numbers (N, h, w)."""
        rows = patches.permute(0, 2, 3, 1)
        return -self.discriminator(self.adaptor(rows.flatten(0, 2))).view(rows.shape[:3])

    def score_maps(self, inputs: Tensor) -> Maps:
        """Minus the discriminator's value of each patch."""
        values = self._values(self.embed(inputs))
        heat, score = self.map_head(values, inputs.shape[2:])
        return Maps(score, heat, (values, ))

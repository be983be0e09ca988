"""DRAEM: a network that removes synthetic defects, and one that sees where it did."""
from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError
from mminspect.models.anomaly_data_sample import AnomalyDataSample
from mminspect.models.anomaly_model import AnomalyModel, Maps

from .layers.conv_unet import ConvUNet
from .losses import SoftmaxFocalLoss, SSIMLoss


@MODELS.register_module()
class ReconstructSegment(AnomalyModel):
    """DRAEM (Zavrtanik et al., "DRAEM - A discriminatively trained reconstruction embedding for surface anomaly
    detection", ICCV 2021, arXiv:2108.07610). There is no teacher.

    Images are in [0, 1]: the data preprocessor has mean 0 and standard deviation 255, or textures and images would have
    two scales.

    Args:
        width: Of the first level of the reconstruction (128 as published).
        segment_width: Likewise of the segmentation (64).
        map_head: Config of a :class:`~anomaly_rd.models.heads.PatchMapHead`; by default the map is not smoothed, and
            the score is its largest mean over 21 x 21 pixels.
        data_preprocessor: As usual; it passes ``inputs_corrupt`` on.

    Raises:
        UserError: A width is below 1, or images of other sizes than the networks need may come.
    """

    map_options: ClassVar[tuple[str, ...]] = ('map_head', )
    views: ClassVar[tuple[str, ...]] = ('corrupt', )

    def __init__(self, width: int = 128, segment_width: int = 64, map_head: dict | None = None,
                 data_preprocessor: dict | None = None, init_cfg: dict | None = None) -> None:
        super().__init__(data_preprocessor, init_cfg)
        for name, value in (('width', width), ('segment_width', segment_width)):
            if type(value) is not int or value < 1:
                raise UserError(f'model.{name} is {value!r}: give a whole number, 1 or more')
        self.reconstruction = ConvUNet(3, 3, [width * factor for factor in (1, 2, 4, 8, 8)])
        self.segmentation = ConvUNet(6, 2, [segment_width * factor for factor in (1, 2, 4, 8, 8, 8)], skip='cat')
        divisor = getattr(self.data_preprocessor, 'size_divisor', self.segmentation.divisor)
        if divisor % self.segmentation.divisor:
            raise UserError(f'{type(self).__name__} halves images five times, and size_divisor of '
                            f'model.data_preprocessor is {divisor}: set it to {self.segmentation.divisor}')
        self.loss_ssim, self.loss_focal = SSIMLoss(), SoftmaxFocalLoss()
        self.map_head = MODELS.build(dict(dict(type='PatchMapHead', sigma=0, score='pooled_max'), **(map_head or {})))

    def loss(self, inputs: Tensor, data_samples: list[AnomalyDataSample] | None = None, *,
             inputs_corrupt: Tensor) -> dict[str, Tensor]:
        """``loss_l2``, ``loss_ssim``, ``loss_focal``.

        Args:
            inputs: (N, 3, H, W) in [0, 1], the clean images.
            data_samples: One per image, with ``synthetic_mask``.
            inputs_corrupt: (N, 3, H, W), the corrupted images.
        """
        rebuilt, logits = self._both(inputs_corrupt)
        masks = torch.stack([sample.synthetic_mask for sample in data_samples]).to(logits.device)
        rebuilt = rebuilt.float()
        return dict(loss_l2=F.mse_loss(rebuilt, inputs), loss_ssim=self.loss_ssim(rebuilt, inputs),
                    loss_focal=self.loss_focal(logits, masks))

    def _both(self, images: Tensor) -> tuple[Tensor, Tensor]:
        rebuilt = self.reconstruction(images)
        return rebuilt, self.segmentation(torch.cat([rebuilt, images], 1))

    def score_maps(self, inputs: Tensor) -> Maps:
        """Probability of a defect for each pixel."""
        probability = self._both(inputs)[1].float().softmax(1)[:, 1]
        heat, score = self.map_head(probability, inputs.shape[2:])
        return Maps(score, heat)

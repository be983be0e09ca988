"""EdgRec: the picture of a good part, rebuilt from the edges of a doubtful one."""
from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError
from mminspect.models.anomaly_data_sample import AnomalyDataSample
from mminspect.models.anomaly_model import AnomalyModel, Maps

from .heads.picture_difference import PictureDifference
from .layers.conv_unet import ConvUNet
from .losses import SSIMLoss

#: Of red, green and blue in grey.
_LUMA = (0.299, 0.587, 0.114)


def edges(images: Tensor) -> Tensor:
    """Morphological gradient (N, 1, H, W) of the grey image of (N, 3, H, W): dilation minus erosion by 3 x 3."""
    grey = torch.einsum('c,nchw->nhw', images.new_tensor(_LUMA), images)[:, None]
    return F.max_pool2d(grey, 3, 1, 1) + F.max_pool2d(-grey, 3, 1, 1)


@MODELS.register_module()
class EdgeReconstruction(AnomalyModel):
    """EdgRec (Liu et al., "Reconstruction from edge image combined with color and gradient difference for industrial
    surface anomaly detection", arXiv:2210.14485). There is no teacher.

    Images are in [0, 1]: the data preprocessor has mean 0 and standard deviation 255. The colour term of the reference
    squares differences in eight bits, where 17 x 17 is 33; here they are numbers, cut off at 255.

    Args:
        width: Of the network's first level (128 as published, 64 in its small form).
        map_head: Arguments of :class:`~anomaly_rd.models.heads.picture_difference.PictureDifference`.
        data_preprocessor: As usual; it passes ``inputs_corrupt`` on.

    Raises:
        UserError: The width is below 1, or images of other sizes than the network needs may come.
    """

    map_options: ClassVar[tuple[str, ...]] = ('map_head', )
    views: ClassVar[tuple[str, ...]] = ('corrupt', )

    def __init__(self, width: int = 128, map_head: dict | None = None, data_preprocessor: dict | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(data_preprocessor, init_cfg)
        if type(width) is not int or width < 1:
            raise UserError(f'model.width is {width!r}: give a whole number, 1 or more')
        self.reconstruction = ConvUNet(1, 3, [width * factor for factor in (1, 2, 4, 8, 8)], skip='add')
        divisor = getattr(self.data_preprocessor, 'size_divisor', self.reconstruction.divisor)
        if divisor % self.reconstruction.divisor:
            raise UserError(f'{type(self).__name__} halves images four times, and size_divisor of '
                            f'model.data_preprocessor is {divisor}: set it to {self.reconstruction.divisor}')
        self.loss_ssim, self.map_head = SSIMLoss(), PictureDifference(**(map_head or {}))

    def loss(self, inputs: Tensor, data_samples: list[AnomalyDataSample] | None = None, *,
             inputs_corrupt: Tensor) -> dict[str, Tensor]:
        """``loss_l2`` and ``loss_ssim`` between the clean images and those rebuilt from the edges of corrupted ones.

        Args:
            inputs: (N, 3, H, W) in [0, 1].
            data_samples: One per image.
            inputs_corrupt: (N, 3, H, W).
        """
        rebuilt = self.reconstruction(edges(inputs_corrupt)).float()
        return dict(loss_l2=F.mse_loss(rebuilt, inputs), loss_ssim=self.loss_ssim(rebuilt, inputs))

    def features(self, inputs: Tensor) -> Tensor:
        """The rebuilt images (N, 3, H, W)."""
        return self.reconstruction(edges(inputs))

    def score_maps(self, inputs: Tensor) -> Maps:
        """Differences of colour and of gradients, and their sum; an image's score is its largest pixel."""
        colour, gradient = self.map_head(inputs, self.features(inputs).float())
        heat = colour + gradient
        return Maps(heat.amax((1, 2)), heat, (colour, gradient))

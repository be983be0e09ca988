"""From the pipeline's images to the network's input."""
from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError
from mminspect.models.views import VIEW

#: Of ImageNet, RGB, on the scale 0..255.
IMAGENET_MEAN, IMAGENET_STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@MODELS.register_module()
class AnomalyDataPreprocessor(BaseDataPreprocessor):
    """Stack RGB images of 0..255 and normalise them: (x - mean) / std.

    Args:
        mean: Of the three channels, on the scale 0..255.
        std: Likewise. ``mean=(0, 0, 0), std=(255, 255, 255)`` gives plain [0, 1].
        size_divisor: Both sides of an image must be multiples of it (32 for decoders that double 8x8 maps).
        channels_last: Lay the batch out in NHWC memory, for models whose weights are.
    """

    def __init__(self, mean: Sequence[float] = IMAGENET_MEAN, std: Sequence[float] = IMAGENET_STD,
                 size_divisor: int = 32, channels_last: bool = False, non_blocking: bool = False) -> None:
        super().__init__(non_blocking)
        self.register_buffer('mean', torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer('std', torch.tensor(std).view(3, 1, 1), persistent=False)
        self.size_divisor = size_divisor
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format

    def forward(self, data: dict, training: bool = False) -> dict:
        """Prepare a batch.

        Args:
            data: ``inputs``, N images (3, H, W), uint8 or float of 0..255; ``data_samples``; further views of the same
                images as ``inputs_<name>``, any number of them.

        Returns:
            ``data`` with (N, 3, H, W) float32 images.

        Raises:
            UserError: Images of different sizes in one batch, or a side that is no multiple of ``size_divisor``.
        """
        data = dict(self.cast_data(data))
        views = [key for key in data if key == 'inputs' or key.startswith(VIEW)]
        prepared = {key: self._prepare(data[key]) for key in views}
        if wrong := [key for key in views if prepared[key].shape != prepared['inputs'].shape]:
            raise UserError(f'the view {wrong[0]} has the shape {tuple(prepared[wrong[0]].shape)} and the images '
                            f'{tuple(prepared["inputs"].shape)}: make views behind every step that changes the size')
        return {**data, **prepared}

    def _prepare(self, images: Sequence[Tensor] | Tensor) -> Tensor:
        sizes = {tuple(image.shape[-2:]) for image in images}
        if len(sizes) > 1:
            raise UserError(f'one batch holds images of {", ".join(f"{w}x{h}" for h, w in sorted(sizes))}: give the '
                            'pipeline a ResizeInspection with one size')
        height, width = next(iter(sizes))
        if height % self.size_divisor or width % self.size_divisor:
            raise UserError(f'images are {width}x{height}, but both sides must be multiples of size_divisor of '
                            f'model.data_preprocessor, which is {self.size_divisor}: change the size of the last '
                            'ResizeInspection or CentreCrop in the pipeline, or size_divisor, if the model allows it')
        batch = images if isinstance(images, Tensor) else torch.stack(list(images))
        return ((batch.float() - self.mean) / self.std).contiguous(memory_format=self.memory_format)

"""Anomaly models of a few lines, as somebody else would write them: one for each way of using the contract."""
from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform
from torch import Tensor, nn
from torch.nn import functional as F

from anomaly_rd.registry import MODELS, TRANSFORMS
from mminspect.models.anomaly_model import AnomalyModel, Maps


def autoencoder(width: int = 8) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, width, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(width, 3, 4, 2, 1))


@MODELS.register_module()
class Reconstruction(AnomalyModel):
    """Without a teacher, trained by gradients: the map is the error of an autoencoder."""

    def __init__(self, data_preprocessor: dict | None = None) -> None:
        super().__init__(data_preprocessor)
        self.network = autoencoder()

    def loss(self, inputs: Tensor, data_samples: Any = None) -> dict[str, Tensor]:
        return dict(loss_pixels=F.mse_loss(self.network(inputs), inputs))

    def score_maps(self, inputs: Tensor) -> Maps:
        error = (self.network(inputs) - inputs).square().mean(1)
        return Maps(error.amax((1, 2)), error)


@MODELS.register_module()
class MeanImage(AnomalyModel):
    """Without a parameter, fitted once: how far an image is from the mean of the good ones."""

    def __init__(self, side: int = 64, data_preprocessor: dict | None = None) -> None:
        super().__init__(data_preprocessor)
        self.register_buffer('mean', torch.zeros(3, side, side))
        self.count = 0

    def collect(self, inputs: Tensor, data_samples: Any) -> None:
        self.mean += inputs.sum(0)
        self.count += len(inputs)

    def finish_fit(self) -> None:
        self.mean /= self.count

    def score_maps(self, inputs: Tensor) -> Maps:
        error = (inputs - self.mean).abs().mean(1)
        return Maps(error.amax((1, 2)), error)


@MODELS.register_module()
class WholeImage(AnomalyModel):
    """Without a map: how far the mean feature of an image is from a learnt centre."""

    def __init__(self, data_preprocessor: dict | None = None) -> None:
        super().__init__(data_preprocessor)
        self.features_of, self.centre = nn.Conv2d(3, 4, 3, 2, 1), nn.Parameter(0.1 * torch.ones(4))

    def distance(self, inputs: Tensor) -> Tensor:
        return (self.features_of(inputs).relu().amax((2, 3)) - self.centre).square().sum(1)

    def loss(self, inputs: Tensor, data_samples: Any = None) -> dict[str, Tensor]:
        return dict(loss_centre=self.distance(inputs).mean())

    def score_maps(self, inputs: Tensor) -> Maps:
        return Maps(self.distance(inputs))


@MODELS.register_module()
class Adversarial(Reconstruction):
    """Two optimisers: a critic learns to tell reconstructions from images, the network to deceive it."""

    def __init__(self, data_preprocessor: dict | None = None) -> None:
        super().__init__(data_preprocessor)
        self.critic = nn.Sequential(nn.Conv2d(3, 4, 4, 4), nn.ReLU(), nn.Conv2d(4, 1, 1))

    def loss(self, inputs: Tensor, data_samples: Any = None, part: str | None = None) -> dict[str, Tensor]:
        fake = self.network(inputs)
        if part == 'critic':
            return dict(loss_critic=self.critic(fake.detach()).mean() - self.critic(inputs).mean())
        return dict(loss_pixels=F.mse_loss(fake, inputs), loss_deceive=-0.01 * self.critic(fake).mean())


@MODELS.register_module()
class ThreeViews(Reconstruction):
    """Three views beside the image: from each of them the clean image is to be given back."""

    views = ('noisy', 'grey', 'blurred')

    def loss(self, inputs: Tensor, data_samples: Any = None, **views: Tensor) -> dict[str, Tensor]:
        return {f'loss_{name}': F.mse_loss(self.network(view), inputs) for name, view in views.items()}


@TRANSFORMS.register_module()
class MakeViews(BaseTransform):
    """``img_noisy``, ``img_grey`` and ``img_blurred`` like ``img``; with ``extra`` one more that nobody declares."""

    def __init__(self, extra: bool = False) -> None:
        self.extra = extra

    def transform(self, results: dict) -> dict:
        image = results['img']
        noise = np.random.default_rng(0).integers(0, 20, image.shape)
        results['img_noisy'] = np.clip(image.astype(int) + noise, 0, 255).astype(np.uint8)
        results['img_grey'] = np.repeat(image.mean(2, keepdims=True), 3, 2).astype(image.dtype)
        results['img_blurred'] = cv2.blur(image, (3, 3))
        if self.extra:
            results['img_extra'] = image
        return results

"""DRAEM: its losses by hand, and that it learns to see a foreign texture."""
from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from scipy.ndimage import uniform_filter
from sklearn.metrics import average_precision_score
from torch import Tensor

from anomaly_rd.datasets.transforms import PerlinTexture
from anomaly_rd.models import ReconstructSegment
from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError
from mminspect.models.anomaly_data_sample import AnomalyDataSample


def build(**options: Any) -> ReconstructSegment:
    init_default_scope('anomaly_rd')
    torch.manual_seed(0)
    model = MODELS.build(dict(
        type='ReconstructSegment', width=4, segment_width=4,
        data_preprocessor=dict(type='AnomalyDataPreprocessor', mean=(0, 0, 0), std=(255, 255, 255))) | options)
    model.init_weights()
    return model


def stripes(count: int) -> tuple[Tensor, Tensor, list[AnomalyDataSample]]:
    """Clean images in [0, 1], corrupted ones, samples with their masks."""
    transform, rng, found = PerlinTexture(prob=1, scales=(1, 3)), np.random.default_rng(0), []
    for _ in range(count):
        wave = 127 + 100 * np.sin(np.arange(64) / 3 + rng.uniform(0, 6))
        image = np.repeat(np.repeat(wave[None, :, None], 64, 0), 3, 2).astype(np.uint8)
        results = transform(dict(img=image))
        found.append((results['img'], results['img_corrupt'], results['synthetic_mask']))
    clean, corrupt = (torch.tensor(np.stack([one[view] for one in found])).permute(0, 3, 1, 2) / 255 for view in (0, 1))
    samples = []
    for *_, mask in found:
        samples.append(AnomalyDataSample())
        samples[-1].synthetic_mask = torch.tensor(mask)
    return clean, corrupt, samples


def test_losses_of_a_perfect_reconstruction() -> None:
    model = build()
    clean, corrupt, samples = stripes(2)
    model.reconstruction.forward = lambda images: clean
    losses = model.loss(clean, samples, inputs_corrupt=corrupt)
    assert losses['loss_l2'].item() == 0 and losses['loss_ssim'].item() == pytest.approx(0, abs=1e-5)
    assert losses['loss_focal'] > 0


def test_score_is_the_largest_mean_of_21_pixels() -> None:
    model, (_, corrupt, _) = build().eval(), stripes(2)
    with torch.no_grad():
        maps = model.score_maps(corrupt)
    expected = [uniform_filter(one, 21, mode='constant').max() for one in maps.anomaly_map.numpy()]
    assert np.allclose(maps.score, expected, rtol=1e-4)
    assert maps.anomaly_map.shape == (2, 64, 64) and 0 <= maps.anomaly_map.min() and maps.anomaly_map.max() <= 1


def test_it_learns_to_see_foreign_textures() -> None:
    model = build(width=8, segment_width=8).train()
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    clean, corrupt, samples = stripes(12)
    masks = torch.stack([sample.synthetic_mask for sample in samples])

    def precision() -> float:
        model.eval()
        with torch.no_grad():
            found = model.score_maps(corrupt).anomaly_map
        model.train()
        return average_precision_score(masks.flatten(), found.flatten())

    before = precision()
    for _ in range(60):
        optimiser.zero_grad()
        sum(model.loss(clean, samples, inputs_corrupt=corrupt).values()).backward()
        optimiser.step()
    share = masks.float().mean().item()  # what a guess reaches
    assert before < 2 * share and precision() > 4 * share


@pytest.mark.parametrize('options', [dict(width=0), dict(segment_width=1.5), dict(
    data_preprocessor=dict(type='AnomalyDataPreprocessor', size_divisor=16))])
def test_values_out_of_range(options: dict) -> None:
    with pytest.raises(UserError, match=r'width|size_divisor'):
        build(**options)

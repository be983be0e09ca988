from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

from anomaly_rd.models import EdgeReconstruction
from anomaly_rd.models.edge_reconstruction import edges
from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError


def build(**options: Any) -> EdgeReconstruction:
    init_default_scope('anomaly_rd')
    torch.manual_seed(0)
    return MODELS.build(dict(
        type='EdgeReconstruction', width=4,
        data_preprocessor=dict(type='AnomalyDataPreprocessor', mean=(0, 0, 0), std=(255, 255, 255))) | options)


def test_edges_are_opencvs_morphological_gradient() -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    grey = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2GRAY)
    expected = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    found = edges(torch.tensor(image).permute(2, 0, 1)[None] / 255)[0, 0]
    assert np.allclose(found, expected, atol=1e-5)
    assert edges(torch.full((1, 3, 8, 8), 0.3)).abs().max() < 1e-6


def test_a_perfect_reconstruction_has_no_loss_and_no_map() -> None:
    model, images = build().eval(), torch.rand(2, 3, 64, 64)
    model.reconstruction.forward = lambda lines: images
    losses = model.loss(images, inputs_corrupt=images.flip(3))
    assert losses['loss_l2'] == 0 and losses['loss_ssim'].item() == pytest.approx(0, abs=1e-5)
    with torch.no_grad():
        assert model.score_maps(images).anomaly_map.abs().max() < 1e-4


def test_a_map_is_the_sum_of_its_levels() -> None:
    model, images = build().eval(), torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        maps, alone = model.score_maps(images), model.score_maps(images[1:])
    assert torch.allclose(maps.anomaly_map, maps.levels[0] + maps.levels[1])
    assert torch.equal(maps.score, maps.anomaly_map.amax((1, 2)))
    assert torch.allclose(alone.anomaly_map, maps.anomaly_map[1:], atol=1e-5)


def test_it_learns_to_rebuild() -> None:
    model, images = build(width=8).train(), torch.rand(4, 3, 8, 8).repeat_interleave(8, 2).repeat_interleave(8, 3)
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    losses = []
    for _ in range(20):
        optimiser.zero_grad()
        loss = sum(model.loss(images, inputs_corrupt=images).values())
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize('options', [dict(width=0), dict(
    data_preprocessor=dict(type='AnomalyDataPreprocessor', size_divisor=8))])
def test_values_out_of_range(options: dict) -> None:
    with pytest.raises(UserError, match=r'width|size_divisor'):
        build(**options)

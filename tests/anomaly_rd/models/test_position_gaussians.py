"""PaDiM against the covariances and Mahalanobis distances of numpy, position by position."""
from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from torch import Tensor

from anomaly_rd.models import PositionGaussians, position_gaussians
from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError
from mminspect.models.anomaly_model import EXPORT


def build(**options: Any) -> PositionGaussians:
    init_default_scope('anomaly_rd')
    torch.manual_seed(0)
    return MODELS.build(dict(type='PositionGaussians', teacher=dict(type='ResNetTeacher', depth=18, weights=None),
                             data_preprocessor=dict(type='AnomalyDataPreprocessor'), dims=12) | options).eval()


def fitted(images: Tensor, batch: int = 3, **options: Any) -> PositionGaussians:
    model = build(**options)
    with torch.no_grad():
        for part in images.split(batch):
            model.collect(part, [])
        model.finish_fit()
    return model


@pytest.mark.parametrize('chunk', [2**26, 500])
def test_distances_are_those_of_numpy(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(position_gaussians, 'CHUNK', chunk)
    images, test = torch.randn(7, 3, 64, 64), torch.randn(2, 3, 64, 64)
    model = fitted(images)
    with torch.no_grad():
        seen, tested = (model.embed(part).double().numpy() for part in (images, test))
        maps = model.score_maps(test)
    assert seen.shape == (256, 12, 7)
    for place in (0, 17, 255):
        inverse = np.linalg.inv(np.cov(seen[place]) + 0.01 * np.eye(12))
        for image in range(2):
            difference = tested[place, :, image] - seen[place].mean(1)
            expected = np.sqrt(difference @ inverse @ difference)
            assert maps.levels[0][image].flatten()[place].item() == pytest.approx(expected, rel=1e-3)
    assert torch.allclose(maps.score, maps.anomaly_map.amax((1, 2)))


def test_batches_do_not_matter_and_the_mean_is_normal() -> None:
    images = torch.randn(6, 3, 64, 64) + 3
    one, other = fitted(images, batch=6), fitted(images, batch=2)
    assert torch.allclose(one.whitening, other.whitening, rtol=1e-5, atol=1e-6)
    assert torch.allclose(one.means, other.means, atol=1e-6)


def test_only_places_that_see_the_difference_are_farther() -> None:
    images = torch.randn(1, 3, 128, 128) + 0.05 * torch.randn(8, 3, 128, 128)
    model, test = fitted(images, levels=(1, )), images[:1].clone()
    test[..., 96:104, 88:96] += 3
    with torch.no_grad():
        before, after = (model.score_maps(part).levels[0][0] for part in (images[:1], test))
    grown = after - before
    y, x = divmod(int(grown.argmax()), 32)
    assert abs(4 * y - 100) < 16 and abs(4 * x - 92) < 16
    assert grown[:18].abs().max() < 1e-4 and grown[:, :16].abs().max() < 1e-4  # 43 pixels see a place of level 1


def test_a_checkpoint_gives_the_same() -> None:
    model, test = fitted(torch.randn(4, 3, 64, 64)), torch.randn(2, 3, 64, 64)
    fresh = build(seed=5)
    assert not torch.equal(fresh.channels, model.channels)
    fresh.load_state_dict(model.state_dict())
    with torch.no_grad():
        assert torch.equal(fresh.score_maps(test).score, model.score_maps(test).score)
    with pytest.raises(RuntimeError, match=r'dimensions|size mismatch'):
        build(dims=9).load_state_dict(model.state_dict())


@pytest.mark.parametrize(('options', 'said'), [(dict(dims=0), r'model\.dims is 0'), (dict(dims=449), 'from 1 to 448'),
                                               (dict(regularisation=0), 'regularisation is 0'),
                                               (dict(levels=()), r'model\.levels is \(\)')])
def test_values_out_of_range(options: dict, said: str) -> None:
    with pytest.raises(UserError, match=said):
        build(**options)


def test_what_cannot_be_fitted_or_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match='was given 1 images, and a covariance needs two'):
        fitted(torch.randn(1, 3, 64, 64))
    model = fitted(torch.randn(2, 3, 64, 64))
    with pytest.raises(UserError, match='images of two sizes'), torch.no_grad():
        model.collect(torch.randn(1, 3, 64, 64), [])
        model.collect(torch.randn(1, 3, 96, 96), [])
    assert EXPORT not in model.limits
    monkeypatch.setattr(position_gaussians, 'ONNX_LIMIT', 1000)
    assert 'a file of ONNX holds 2' in model.limits[EXPORT]

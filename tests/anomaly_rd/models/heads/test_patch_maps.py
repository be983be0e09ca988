"""From patches to a map and a score, against scipy and numpy."""
from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter, uniform_filter
from torch.nn.functional import interpolate

from anomaly_rd.models.heads import PatchMapHead
from mminspect.core.errors import UserError


@pytest.mark.parametrize('align', [True, False])
def test_maps_are_enlarged_and_smoothed(align: bool) -> None:
    patches = torch.rand(2, 6, 7)
    maps, score = PatchMapHead(sigma=2, align_corners=align)(patches, (48, 56))
    large = interpolate(patches[:, None], (48, 56), mode='bilinear', align_corners=align)[:, 0].numpy()
    assert np.allclose(maps, [gaussian_filter(one, 2) for one in large], atol=1e-6)
    assert torch.equal(score, patches.amax((1, 2)))


def test_constants_stay_constants() -> None:
    maps, score = PatchMapHead()(torch.full((1, 4, 4), 3.0), (40, 40))
    assert torch.allclose(maps, torch.tensor(3.0)) and score.item() == 3


def test_scores_of_the_map() -> None:
    patches = torch.rand(2, 8, 8)
    maps, highest = PatchMapHead(sigma=1, score='max')(patches, (64, 64))
    assert torch.equal(highest, maps.amax((1, 2)))
    _, mean = PatchMapHead(sigma=1, score='topk_mean', topk=50)(patches, (64, 64))
    assert np.allclose(mean, [np.sort(one.ravel())[-50:].mean() for one in maps.numpy()])
    _, pooled = PatchMapHead(sigma=1, score='pooled_max')(patches, (64, 64))
    expected = [uniform_filter(one, 21, mode='constant').max() for one in maps.numpy()]
    assert np.allclose(pooled, expected, rtol=1e-4)


@pytest.mark.parametrize('options', [dict(score='mean'), dict(topk=0), dict(sigma=-1)])
def test_values_out_of_range(options: dict) -> None:
    with pytest.raises(UserError):
        PatchMapHead(**options)

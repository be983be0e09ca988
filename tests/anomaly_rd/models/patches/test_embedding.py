"""The embedding against PatchCore's own way: patches cut out, pooled, enlarged, pooled again."""
from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool1d, avg_pool2d, interpolate, unfold

from anomaly_rd.models.patches import PatchEmbedding
from mminspect.core.errors import UserError


def cut_out(levels: list[Tensor], dims: int) -> Tensor:
    """The reference in its own steps."""
    size, found = levels[0].shape[2:], []
    for level in levels:
        n, c, h, w = level.shape
        patches = unfold(level, 3, padding=1).view(n, c * 9, h, w)
        patches = interpolate(patches, size, mode='bilinear', align_corners=False)
        vectors = patches.permute(0, 2, 3, 1).reshape(-1, 1, c * 9)
        found.append(adaptive_avg_pool1d(vectors, dims)[:, 0])
    stacked = torch.stack(found, 1).reshape(len(found[0]), 1, -1)
    return adaptive_avg_pool1d(stacked, dims).view(n, *size, dims).permute(0, 3, 1, 2)


@pytest.mark.parametrize(('channels', 'dims'), [((16, 32), 32), ((8, 16), 10), ((4, ), 9), ((6, 10, 12), 40)])
def test_pooled_vectors_are_those_of_patches_that_are_cut_out(channels: tuple[int, ...], dims: int) -> None:
    levels = [torch.randn(2, count, 8 >> number, 12 >> number) for number, count in enumerate(channels)]
    found = PatchEmbedding(channels, dims)(levels)
    assert found.shape == (2, dims, 8, 12)
    assert torch.allclose(found, cut_out(levels, dims), atol=2e-6)


def test_wide_resnets_closed_form() -> None:
    """512 and 1024 channels to 1024: nine tenths of the mean and one of the middle, and pairs of channels."""
    levels = [torch.randn(1, 512, 4, 4), torch.randn(1, 1024, 2, 2)]
    found = PatchEmbedding((512, 1024), 1024)(levels)
    first, second = (avg_pool2d(level, 3, 1, 1) for level in levels)
    second = interpolate(second, (4, 4), mode='bilinear', align_corners=False)
    assert torch.allclose(found[:, :512], 0.9 * first + 0.1 * levels[0], atol=2e-6)
    assert torch.allclose(found[:, 512:], (second[:, 0::2] + second[:, 1::2]) / 2, atol=2e-6)


def test_side_by_side() -> None:
    levels = [torch.randn(1, 3, 4, 4), torch.randn(1, 5, 2, 2)]
    found = PatchEmbedding((3, 5))(levels)
    assert found.shape == (1, 8, 4, 4) and PatchEmbedding((3, 5)).length == 8
    assert torch.equal(found[:, :3], avg_pool2d(levels[0], 3, 1, 1))
    plain = PatchEmbedding((3, 5), neighbours=False, enlarge='nearest')(levels)
    assert torch.equal(plain[:, :3], levels[0]) and torch.equal(plain[:, 3:, ::2, ::2], levels[1])
    assert torch.equal(plain[:, 3:, 1::2, 1::2], levels[1])


@pytest.mark.parametrize('options', [dict(dims=0), dict(dims='all'), dict(dims=4, neighbours=False),
                                     dict(enlarge='cubic')])
def test_values_out_of_range(options: dict) -> None:
    with pytest.raises(UserError, match='embedding'):
        PatchEmbedding((3, 5), **options)

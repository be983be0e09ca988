"""A backbone begins with the weights of its config's file, whatever they are called there."""
from pathlib import Path

import pytest
import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mminspect.core.errors import UserError
from mminspect.models.published_init import PublishedInit


class Backbone(BaseModule):
    """As mmpretrain wraps timm's networks."""

    def __init__(self, checkpoint: Path) -> None:
        super().__init__(init_cfg=dict(type='PublishedInit', checkpoint=str(checkpoint)))
        self.timm_model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))


def weights(**changed: Tensor) -> dict[str, Tensor]:
    """Names of timm, without a counter."""
    named = {'0.weight': torch.rand(4, 3, 3, 3), '0.bias': torch.rand(4), '1.weight': torch.rand(4),
             '1.bias': torch.rand(4), '1.running_mean': torch.rand(4), '1.running_var': torch.rand(4)}
    return {**named, **changed}


def test_names_are_found_and_heads_left_out(tmp_path: Path) -> None:
    given = weights(**{'fc.weight': torch.rand(5, 4)})
    torch.save(given, tmp_path / 'a.pth')
    backbone = Backbone(tmp_path / 'a.pth')
    before = backbone.timm_model[0].weight.clone()
    backbone.init_weights()
    assert not torch.equal(backbone.timm_model[0].weight, before)
    for name, value in backbone.timm_model.state_dict().items():
        assert name.endswith('num_batches_tracked') or torch.equal(value, given[name])
    assert all(parameter.requires_grad for parameter in backbone.parameters())


def test_another_network_is_an_error_and_no_warning(tmp_path: Path) -> None:
    torch.save(weights(**{'0.weight': torch.rand(8, 3, 3, 3)}), tmp_path / 'a.pth')
    with pytest.raises(UserError, match='do not fit'):
        PublishedInit(str(tmp_path / 'a.pth'))(Backbone(tmp_path / 'a.pth'))

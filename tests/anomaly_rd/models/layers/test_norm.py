import pytest
from torch import nn

from anomaly_rd.models.layers import BatchChannelNorm, build_norm
from mminspect.core.errors import UserError


def test_names_and_arguments() -> None:
    assert isinstance(build_norm('BN', 5), nn.BatchNorm2d)
    layer = build_norm(dict(type='BCN', clamp_iota=True, eps=1e-3), 5)
    assert isinstance(layer, BatchChannelNorm) and layer.clamp_iota and layer.eps == 1e-3 and len(layer.weight) == 5


@pytest.mark.parametrize('norm', ['GN', dict(clamp_iota=True)])
def test_unknown_name(norm: str | dict) -> None:
    with pytest.raises(UserError, match='norm is'):
        build_norm(norm, 5)

from types import SimpleNamespace

import pytest
import torch
from mmengine.registry import HOOKS
from torch import nn

from helpers import batch, build, distilled_cfg


@pytest.mark.parametrize('moment', ['before_train', 'before_val', 'before_test'])
def test_weights_and_so_the_outputs_become_channels_last(moment: str) -> None:
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Conv2d(8, 4, 3)).eval()
    x = torch.randn(2, 3, 9, 9)
    expected = model(x)
    assert expected.is_contiguous()
    hook = HOOKS.build(dict(type='ChannelsLastHook'))
    getattr(hook, moment)(SimpleNamespace(model=model))
    out = model(x)
    assert out.is_contiguous(memory_format=torch.channels_last) and not out.is_contiguous()
    assert torch.allclose(out, expected, atol=1e-5)


def test_teacher_comes_along() -> None:
    student = build(distilled_cfg())
    HOOKS.build(dict(type='ChannelsLastHook')).before_train(SimpleNamespace(model=student))
    for model in (student, student.teacher):
        with torch.no_grad():
            assert model.extract_feat(batch()[0])[0].is_contiguous(memory_format=torch.channels_last)

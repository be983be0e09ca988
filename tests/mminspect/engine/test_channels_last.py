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


def test_group_norm_works_in_the_default_format_and_gives_the_same() -> None:
    norm, seen = nn.GroupNorm(2, 8), []
    norm.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0].is_contiguous()))
    model = nn.Sequential(nn.Conv2d(3, 8, 3), norm, nn.Conv2d(8, 4, 3)).eval()
    x = torch.randn(2, 3, 9, 9)
    expected = model(x)
    hook = HOOKS.build(dict(type='ChannelsLastHook'))
    for _ in range(2):  # before the training and before its validation
        hook.before_train(SimpleNamespace(model=model))
    assert torch.allclose(model(x), expected, atol=1e-5) and seen == [True, True]
    assert len(norm._forward_pre_hooks) == 1

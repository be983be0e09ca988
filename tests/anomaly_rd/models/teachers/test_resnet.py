from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torchvision import models

from anomaly_rd.models.teachers import ResNetTeacher
from mminspect.core.errors import UserError


@pytest.mark.parametrize(('arch', 'millions', 'channels'), [
    ('resnet18', 2.78, (64, 128, 256)), ('resnet34', 8.17, (64, 128, 256)), ('resnet50', 8.54, (256, 512, 1024)),
    ('wide_resnet50_2', 24.86, (256, 512, 1024))])
def test_parameters_and_shapes(arch: str, millions: float, channels: tuple[int, ...]) -> None:
    with torch.device('meta'):
        teacher = ResNetTeacher(arch=arch)
        levels = teacher(torch.zeros(1, 3, 256, 256))
    assert sum(p.numel() for p in teacher.parameters()) / 1e6 == pytest.approx(millions, abs=0.005)
    assert teacher.channels == channels
    assert [tuple(level.shape) for level in levels] == [(1, c, 64 // 2**k, 64 // 2**k) for k, c in enumerate(channels)]


@pytest.mark.parametrize('arch', ['resnet18', 'resnet50', 'wide_resnet50_2'])
def test_is_torchvisions_network(arch: str, tmp_path: Path) -> None:
    """Same weights under the same names, same features; layer4 and fc in the file do not matter."""
    full = models.get_model(arch).eval()
    torch.save(full.state_dict(), tmp_path / 'weights.pth')
    teacher, x = ResNetTeacher(arch=arch, weights=str(tmp_path / 'weights.pth'), features=2), torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        first = full.layer1(full.maxpool(full.relu(full.bn1(full.conv1(x)))))
        expected = first, full.layer2(first)
    for ours, theirs in zip(teacher(x), expected, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)


def test_fourth_level() -> None:
    assert ResNetTeacher(features=4)(torch.zeros(1, 3, 32, 32))[3].shape == (1, 512, 1, 1)


@pytest.mark.parametrize('form', ['bare', 'state_dict', 'backbone', 'module', 'safetensors', 'without counters'])
def test_forms_of_weight_files(form: str, tmp_path: Path) -> None:
    source = ResNetTeacher(features=1)
    weights = {k: torch.rand_like(v) if v.is_floating_point() else v for k, v in source.state_dict().items()}
    expected, path = dict(weights), tmp_path / 'weights.pth'
    if form == 'backbone':  # an mmpretrain classifier
        weights = {f'backbone.{k}': v for k, v in weights.items()} | {'head.fc.weight': torch.zeros(3)}
    if form == 'module':
        weights = {f'module.{k}': v for k, v in weights.items()}
    if form == 'without counters':
        weights = {k: v for k, v in weights.items() if 'num_batches' not in k}
    if form == 'safetensors':
        path = tmp_path / 'weights.safetensors'
        save_file(weights, path)
    else:
        torch.save(dict(state_dict=weights) if form == 'state_dict' else weights, path)
    teacher = ResNetTeacher(features=1, weights=str(path))
    assert all(torch.equal(v, expected[k]) for k, v in teacher.state_dict().items())
    assert not teacher.is_random


@pytest.mark.parametrize(('other', 'words'), [(dict(depth=34), 'unexpected'), (dict(depth=50), 'of another shape')])
def test_weights_of_another_network(other: dict, words: str, tmp_path: Path) -> None:
    torch.save(ResNetTeacher(**other).state_dict(), tmp_path / 'weights.pth')
    with pytest.raises(UserError, match=f'do not fit this teacher.*{words}'):
        ResNetTeacher(depth=18, weights=str(tmp_path / 'weights.pth'))


def test_missing_stage(tmp_path: Path) -> None:
    torch.save(ResNetTeacher(features=2).state_dict(), tmp_path / 'weights.pth')
    with pytest.raises(UserError, match=r'missing \(first: layer3'):
        ResNetTeacher(weights=str(tmp_path / 'weights.pth'))


@pytest.mark.parametrize('weights', ['no/such/file.pth', 'torchvision://resnet19'])
def test_weights_that_do_not_exist(weights: str) -> None:
    with pytest.raises(UserError, match=r'teacher weights .* cannot be loaded'):
        ResNetTeacher(weights=weights)


@pytest.mark.parametrize('bad', [dict(depth=101), dict(depth=18, wide=True), dict(features=5), dict(arch='vgg16')])
def test_unknown_architecture(bad: dict) -> None:
    with pytest.raises(UserError):
        ResNetTeacher(**bad)


def test_random_weights_are_announced(messages: list[str]) -> None:
    assert ResNetTeacher(features=1).is_random
    assert any('RANDOM teacher weights' in message for message in messages)


def test_imagenet_weights(imagenet_resnet18: Path) -> None:
    """Features of pretrained weights tell an edge from an even surface, and levels are not dead."""
    teacher = ResNetTeacher(weights=str(imagenet_resnet18))
    x = torch.zeros(2, 3, 64, 64)
    x[1, :, :, 32:] = 2
    for level in teacher(x):
        assert level.isfinite().all() and (level > 0).float().mean() > 0.2
        assert (level[0] - level[1]).abs().max() > 0.5

"""Normalisation against torchvision's, sizes, and what is left alone."""
from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.models import ResNet18_Weights
from torchvision.transforms.functional import normalize

from anomaly_rd.models import AnomalyDataPreprocessor
from mminspect.core.errors import UserError

IMAGENET = ResNet18_Weights.IMAGENET1K_V1.transforms()


def images(count: int = 3, size: tuple[int, int] = (32, 64)) -> list[Tensor]:
    return [torch.randint(0, 256, (3, *size), dtype=torch.uint8) for _ in range(count)]


@pytest.mark.parametrize('dtype', [torch.uint8, torch.float32, torch.float64])
@pytest.mark.parametrize('stacked', [False, True])
def test_default_is_the_normalisation_of_imagenet(dtype: torch.dtype, stacked: bool) -> None:
    batch = torch.stack(images())
    given = batch.to(dtype) if stacked else list(batch.to(dtype))
    found = AnomalyDataPreprocessor()(dict(inputs=given))['inputs']
    expected = normalize(batch / 255, IMAGENET.mean, IMAGENET.std)
    assert found.dtype == torch.float32 and found.shape == (3, 3, 32, 64)
    assert torch.allclose(found, expected, atol=1e-5)


def test_own_mean_and_std_by_hand() -> None:
    mean, std, (image, ) = (1.0, 20.0, 300.0), (2.0, 0.5, 10.0), images(1)
    found = AnomalyDataPreprocessor(mean, std)(dict(inputs=[image]))['inputs'][0]
    for channel in range(3):  # in the order they come
        expected = (image[channel].numpy().astype(float) - mean[channel]) / std[channel]
        np.testing.assert_allclose(found[channel].numpy(), expected, rtol=1e-6)


def test_corrupted_images_are_prepared_alike_and_the_rest_is_passed_on() -> None:
    clean, corrupt, samples = images(2), images(2), ['a', 'b']
    batch = dict(inputs=clean, inputs_corrupt=corrupt, data_samples=samples)
    before, model = [image.clone() for image in clean + corrupt], AnomalyDataPreprocessor()
    out = model(batch, training=True)
    assert out.keys() == batch.keys() and out['data_samples'] == samples
    assert torch.equal(out['inputs_corrupt'], model(dict(inputs=corrupt))['inputs'])
    assert not torch.equal(out['inputs_corrupt'], out['inputs'])
    # the caller's dict and its tensors, float ones in particular, stay as they were
    assert batch['inputs'] is clean and all(map(torch.equal, clean + corrupt, before))
    stacked = torch.stack(clean).float()
    model(dict(inputs=stacked))
    assert torch.equal(stacked, torch.stack(before[:2]).float())


@pytest.mark.parametrize('channels_last', [False, True])
def test_memory_layout(channels_last: bool) -> None:
    expected, other = torch.contiguous_format, torch.channels_last
    if channels_last:
        expected, other = other, expected
    model = AnomalyDataPreprocessor(channels_last=channels_last)
    for given in (images(2), torch.stack(images(2)), torch.stack(images(2)).to(memory_format=torch.channels_last)):
        found = model(dict(inputs=given))['inputs']
        assert found.is_contiguous(memory_format=expected) and not found.is_contiguous(memory_format=other)


@pytest.mark.parametrize('key', ['inputs', 'inputs_corrupt'])
def test_images_of_different_sizes_are_named(key: str) -> None:
    mixed = images(1, (64, 32)) + images(1, (32, 96)) + images(1, (64, 32))
    with pytest.raises(UserError, match='images of 96x32, 32x64: give the pipeline a ResizeInspection'):
        AnomalyDataPreprocessor()({'inputs': images(3), key: mixed})


@pytest.mark.parametrize(('size', 'divisor', 'fits'), [
    ((32, 64), 32, True), ((48, 64), 32, False), ((64, 48), 32, False), ((48, 16), 16, True), ((33, 7), 1, True)])
def test_sides_must_divide(size: tuple[int, int], divisor: int, fits: bool) -> None:
    model, batch = AnomalyDataPreprocessor(size_divisor=divisor), dict(inputs=images(2, size))
    if fits:
        assert model(batch)['inputs'].shape[2:] == size
    else:
        named = rf'size_divisor of model\.data_preprocessor, which is {divisor}: change .* CentreCrop'
        with pytest.raises(UserError, match=rf'are {size[1]}x{size[0]}, but both sides must be multiples of {named}'):
            model(batch)


def test_a_checkpoint_does_not_hold_the_constants() -> None:
    model = AnomalyDataPreprocessor()
    assert not model.state_dict() and not list(model.parameters())
    moved = [(buffer.numel(), buffer.dtype) for buffer in model.to(torch.float64).buffers()]
    assert moved == [(3, torch.float64)] * 2  # but they move with the model

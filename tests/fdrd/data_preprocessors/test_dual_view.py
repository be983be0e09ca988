import numpy as np
import pytest
import torch
from mmdet.models.data_preprocessors import DetDataPreprocessor
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from torch import Tensor

from fdrd.data_preprocessors import DualViewDetDataPreprocessor

MEAN, STD = [120.0, 115.0, 105.0], [58.0, 57.0, 56.0]
SETTINGS = dict(mean=MEAN, std=STD, bgr_to_rgb=True, pad_size_divisor=32)
SIZES = [(40, 60), (33, 70)]


def images(seed: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(0, 256, (3, *size), dtype=torch.uint8, generator=generator) for size in SIZES]


def data(**more: list[Tensor]) -> dict:
    samples = [DetDataSample(metainfo=dict(img_shape=size)) for size in SIZES]
    return dict(inputs=images(0), data_samples=samples, **more)


def by_hand(batch: list[Tensor]) -> np.ndarray:
    """BGR to RGB, normalised, zeros at the bottom and right up to 64x96."""
    out = np.zeros((len(batch), 3, 64, 96))
    for target, image in zip(out, batch, strict=True):
        _, h, w = image.shape
        target[:, :h, :w] = (image.numpy()[::-1] - np.array(MEAN)[:, None, None]) / np.array(STD)[:, None, None]
    return out


@pytest.mark.parametrize('training', [True, False])
def test_all_views_are_normalised_and_padded_alike(training: bool) -> None:
    clean = images(1)
    out = DualViewDetDataPreprocessor(**SETTINGS)(data(inputs_clean=clean, inputs_grey=images(2)), training)
    np.testing.assert_allclose(out['inputs'], by_hand(images(0)), atol=1e-6)
    np.testing.assert_allclose(out['inputs_clean'], by_hand(clean), atol=1e-6)
    np.testing.assert_allclose(out['inputs_grey'], by_hand(images(2)), atol=1e-6)
    assert [s.pad_shape for s in out['data_samples']] == [(64, 64), (64, 96)]
    assert {s.batch_input_shape for s in out['data_samples']} == {(64, 96)}


def test_equal_views_stay_bit_identical() -> None:
    out = DualViewDetDataPreprocessor(**SETTINGS)(data(inputs_clean=images(0)), True)
    assert torch.equal(out['inputs'], out['inputs_clean'])


def test_without_a_clean_view_it_is_mmdet_s() -> None:
    ours = DualViewDetDataPreprocessor(**SETTINGS)(data(), True)
    theirs = DetDataPreprocessor(**SETTINGS)(data(), True)
    assert ours.keys() == theirs.keys() and torch.equal(ours['inputs'], theirs['inputs'])


def test_stacked_batches_and_the_caller_s_dict() -> None:
    stacked = torch.randint(0, 256, (2, 3, 32, 64), dtype=torch.uint8)
    batch = dict(inputs=stacked, data_samples=None, inputs_clean=stacked.clone())
    out = DualViewDetDataPreprocessor(**SETTINGS)(batch, True)
    assert torch.equal(out['inputs'], out['inputs_clean']) and out['inputs'].dtype == torch.float32
    assert batch.keys() == {'inputs', 'data_samples', 'inputs_clean'} and torch.equal(batch['inputs'], stacked)


def test_batch_augments_are_refused() -> None:
    augment = dict(type='mmdet.BatchSyncRandomResize', random_size_range=(32, 64))
    with pytest.raises(ValueError, match='batch_augments'):
        MODELS.build(dict(type='DualViewDetDataPreprocessor', batch_augments=[augment], **SETTINGS))

from __future__ import annotations

import numpy as np
import pytest
import torch

from anomaly_rd.datasets.transforms import PackAnomalyInputs

IMAGE = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)


def results() -> dict:
    return dict(img=IMAGE, gt_label=1, gt_mask=IMAGE[..., 0] % 2, img_path='a.png', defect_type='hole',
                mask_path='m.png', sample_idx=7, ori_shape=(40, 60), img_shape=(4, 6))


@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
def test_input_is_the_image_channels_first(dtype: type) -> None:
    packed = PackAnomalyInputs()(dict(results(), img=IMAGE.astype(dtype)))
    assert packed['inputs'].shape == (3, 4, 6) and packed['inputs'].is_contiguous()
    assert packed['inputs'].dtype == torch.from_numpy(np.zeros(1, dtype)).dtype
    for channel in range(3):
        np.testing.assert_array_equal(packed['inputs'][channel].numpy(), IMAGE[..., channel])


def test_sample() -> None:
    sample = PackAnomalyInputs()(results())['data_samples']
    assert sample.gt_label.shape == () and sample.gt_label == 1
    assert sample.gt_mask.dtype == torch.uint8
    np.testing.assert_array_equal(sample.gt_mask.numpy(), IMAGE[..., 0] % 2)
    assert sample.metainfo == dict(img_path='a.png', defect_type='hole', mask_path='m.png', sample_idx=7,
                                   ori_shape=(40, 60), img_shape=(4, 6))
    assert 'synthetic_mask' not in sample


def test_tile_is_remembered() -> None:
    more = dict(scan_id='s', tile=(0, 0, 4, 6), scan_shape=(8, 12), scan_label=1, defect_area=5, crop=(0, 0, 1, 1))
    sample = PackAnomalyInputs()(dict(results(), **more))['data_samples']
    assert {key: sample.metainfo[key] for key in more} == more


def test_what_is_not_known_is_absent() -> None:
    packed = PackAnomalyInputs()(dict(img=IMAGE, img_path='a.png'))
    assert 'gt_label' not in packed['data_samples'] and 'gt_mask' not in packed['data_samples']
    assert set(packed) == {'inputs', 'data_samples'}


def test_corrupted_view() -> None:
    packed = PackAnomalyInputs()(dict(results(), img_corrupt=255 - IMAGE, synthetic_mask=IMAGE[..., 1] % 2))
    np.testing.assert_array_equal(packed['inputs_corrupt'].numpy(), 255 - packed['inputs'].numpy())
    np.testing.assert_array_equal(packed['data_samples'].synthetic_mask.numpy(), IMAGE[..., 1] % 2)


def test_packed_tensors_own_their_memory() -> None:
    image = IMAGE.copy()
    packed = PackAnomalyInputs()(dict(results(), img=image))
    image[:] = 0
    assert packed['inputs'].any()

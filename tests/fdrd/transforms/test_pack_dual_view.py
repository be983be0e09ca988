import numpy as np
import pytest
import torch
from mmdet.datasets.transforms import PackDetInputs

from fdrd.transforms import PackDualViewInputs, StudentNoise


def sample(dtype: type = np.uint8) -> dict:
    return dict(
        img=np.random.randint(0, 256, (6, 8, 3)).astype(dtype), img_path='a.png', img_id=3, ori_shape=(6, 8),
        img_shape=(6, 8), scale_factor=(1.0, 1.0), gt_bboxes=np.array([[1, 2, 4, 5]], np.float32),
        gt_bboxes_labels=np.array([1]), gt_ignore_flags=np.array([False]))


def test_without_a_clean_view_it_is_mmdet_s_packing() -> None:
    results = sample()
    ours, theirs = PackDualViewInputs().transform(dict(results)), PackDetInputs().transform(dict(results))
    assert ours.keys() == theirs.keys() == {'inputs', 'data_samples'}
    assert torch.equal(ours['inputs'], theirs['inputs'])
    assert ours['data_samples'].metainfo == theirs['data_samples'].metainfo


@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
def test_both_views_become_tensors_and_share_the_labels(dtype: type) -> None:
    results = sample(dtype)
    clean = results['img'].copy()
    packed = PackDualViewInputs().transform(StudentNoise(dict(amount=0.5, prob=1.0)).transform(results))
    assert packed.keys() == {'inputs', 'inputs_clean', 'data_samples'}
    assert np.array_equal(packed['inputs_clean'].numpy(), clean.transpose(2, 0, 1))
    assert np.array_equal(packed['inputs'].numpy(), results['img'].transpose(2, 0, 1))
    assert not torch.equal(packed['inputs'], packed['inputs_clean'])
    assert packed['data_samples'].gt_instances.labels.tolist() == [1]
    assert packed['data_samples'].gt_instances.bboxes.tolist() == [[1, 2, 4, 5]]
    assert packed['data_samples'].img_id == 3


def test_grey_images_get_a_channel() -> None:
    results = dict(img=np.zeros((4, 5), np.uint8), img_clean=np.ones((4, 5), np.uint8))
    packed = PackDualViewInputs(meta_keys=()).transform(results)
    assert packed['inputs'].shape == packed['inputs_clean'].shape == (1, 4, 5)


def test_views_of_different_size_are_refused() -> None:
    results = StudentNoise().transform(sample())
    results['img'] = results['img'][:3]
    with pytest.raises(ValueError, match='put StudentNoise behind every transform'):
        PackDualViewInputs().transform(results)

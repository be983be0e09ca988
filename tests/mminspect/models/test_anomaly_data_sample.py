"""The declared fields are those that pipeline, model and threshold really fill, with the promised shapes and types."""
from __future__ import annotations

import pickle
import re

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope

from anomaly_rd.datasets.transforms import PackAnomalyInputs
from anomaly_rd.models import ReverseDistillation
from anomaly_rd.postprocess import label_samples
from anomaly_rd.registry import MODELS
from mminspect.decisions import fit_threshold
from mminspect.models.anomaly_data_sample import AnomalyDataSample

SIZE = (32, 64)
META = dict(img_path='a/b.png', sample_idx=3, ori_shape=(40, 80), img_shape=SIZE, defect_type='hole',
            mask_path='a/b_mask.png', scan_id='s', scan_shape=(400, 800), tile=(0, 80, 40, 160))
# What the class promises: type and shape; level maps and threshold are no tensors.
TENSORS = dict(gt_label=(torch.int64, ()), gt_mask=(torch.uint8, SIZE), anomaly_map=(torch.float32, SIZE),
               pred_score=(torch.float32, ()), pred_label=(torch.int64, ()), synthetic_mask=(torch.uint8, SIZE))


@pytest.fixture(scope='module')
def model() -> ReverseDistillation:
    with DefaultScope.overwrite_default_scope('anomaly_rd'):
        return MODELS.build(dict(
            type='ReverseDistillation', teacher=dict(type='ResNetTeacher', weights=None),
            bottleneck=dict(type='FusionBottleneck', fusion=dict(type='MFF'), tail=dict(type='OCE')),
            decoder=dict(type='ReverseDecoder'), loss=dict(type='CosineDistillationLoss'),
            map_head=dict(type='CosineMapHead'), data_preprocessor=dict(type='AnomalyDataPreprocessor'))).eval()


@pytest.fixture
def filled(model: ReverseDistillation) -> AnomalyDataSample:
    image, mask = np.random.randint(0, 256, (*SIZE, 3), dtype=np.uint8), np.random.rand(*SIZE) < 0.5
    packed = PackAnomalyInputs()(dict(META, img=image, gt_label=1, gt_mask=mask, synthetic_mask=~mask))
    sample, = model.test_step(dict(inputs=[packed['inputs']], data_samples=[packed['data_samples']]))
    label_samples([sample], fit_threshold([0.0, 0.1]))
    return sample


def test_a_run_fills_every_field_and_no_other(filled: AnomalyDataSample) -> None:
    declared = AnomalyDataSample.__annotations__.keys()
    assert set(filled.keys()) == set(declared) == {*TENSORS, 'level_maps', 'threshold'}


@pytest.mark.parametrize('name', TENSORS)
def test_types_and_shapes(filled: AnomalyDataSample, name: str) -> None:
    assert (filled.get(name).dtype, tuple(filled.get(name).shape)) == TENSORS[name]


def test_level_maps_and_threshold(filled: AnomalyDataSample) -> None:
    assert [(tuple(level.shape), level.dtype) for level in filled.level_maps] == [
        ((8, 16), torch.float32), ((4, 8), torch.float32), ((2, 4), torch.float32)]
    assert isinstance(filled.threshold, float)
    assert filled.pred_label.item() == int(filled.pred_score.item() > filled.threshold)


def test_what_is_documented_is_what_is_there(filled: AnomalyDataSample) -> None:
    head, fields = AnomalyDataSample.__doc__.split('Attributes:')
    assert re.findall(r'^ {8}(\w+):', fields, re.M) == list(AnomalyDataSample.__annotations__)
    meta = set(re.findall(r'``(\w+)``', head.split('Meta information:')[1]))
    assert meta == set(filled.metainfo_keys())
    assert filled.metainfo == META


def test_it_goes_to_another_process_whole(filled: AnomalyDataSample) -> None:
    again = pickle.loads(pickle.dumps(filled))
    assert type(again) is AnomalyDataSample and again.metainfo == META and again.threshold == filled.threshold
    assert all(torch.equal(again.get(name), filled.get(name)) for name in TENSORS)
    assert all(map(torch.equal, again.level_maps, filled.level_maps))


def test_level_maps_are_converted_with_the_tensors(filled: AnomalyDataSample) -> None:
    half, arrays = filled.to(torch.float16), filled.numpy()
    assert half.anomaly_map.dtype == half.level_maps[0].dtype == torch.float16
    assert all(isinstance(level, np.ndarray) for level in (arrays.anomaly_map, *arrays.level_maps))
    assert all(map(torch.equal, arrays.to_tensor().level_maps, filled.level_maps))
    assert isinstance(arrays.numpy().level_maps[0], np.ndarray)  # a second time
    assert all(type(same) is AnomalyDataSample for same in (half, arrays))
    assert filled.level_maps[0].dtype == torch.float32  # the sample itself is as it was
    attached = AnomalyDataSample(level_maps=[torch.ones(2, requires_grad=True)])
    assert not attached.detach().level_maps[0].requires_grad and attached.cpu().level_maps[0].requires_grad
    assert 'level_maps' not in AnomalyDataSample(gt_label=torch.tensor(1)).cpu()

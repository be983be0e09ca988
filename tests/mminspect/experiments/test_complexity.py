"""Published and measured costs of the paper's detectors at 800x1280 with one class."""
from pathlib import Path

import pytest
import torch
from mmdet.models.detectors import GFL
from mmdet.registry import MODELS
from mmengine.analysis import FlopAnalyzer
from mmengine.config import Config
from mmengine.registry import MODELS as ROOT_MODELS
from torch import nn

from mminspect.core.errors import UserError
from mminspect.experiments.complexity import complexity_of, report
from mminspect.models.anomaly_model import AnomalyModel, DataShapedBuffers, Maps
from mminspect.models.building import build_model

CONFIGS = Path(__file__).parents[3] / 'configs' / 'fdrd'
TINY = dict(backbone=dict(base_channels=8), neck=dict(in_channels=[8, 16, 32, 64], out_channels=64),
            bbox_head=dict(in_channels=64, feat_channels=64))


def config(name: str, **model) -> Config:
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    cfg.merge_from_dict(dict(model=model))
    return cfg


# Config: trainable parameters, all parameters, 10^9 multiply-adds (None: no reference value).
EXPECTED = {
    '_base_/gfl_r18': (19_081_290, 19_238_794, 154.873),
    '_base_/gfl_r50': (32_033_098, 32_258_442, 204.378),
    'detectors/atss_r50_48e_medicine': (31_887_883, None, 201.282),
    'detectors/yolof_r50_48e_medicine': (42_063_902, None, 97.955),
    'detectors/vfnet_r50_48e_medicine': (32_484_115, None, None),
    'detectors/tood_r50_48e_medicine': (31_793_055, 32_018_399, None),
    'detectors/faster-rcnn_r50_48e_medicine': (41_122_837, None, None),
}


@pytest.mark.parametrize('name', EXPECTED)
def test_reference_values(name):
    trainable, params, gflops = EXPECTED[name]
    cost = complexity_of(config(name))
    assert cost.trainable == trainable
    assert params in (None, cost.params) and cost.params > cost.trainable
    assert gflops is None or round(cost.flops / 1e9, 3) == pytest.approx(gflops, abs=1.001e-3)


@pytest.mark.parametrize(('shape', 'r18', 'r50'), [((800, 1333), 161.95, 213.80), ((480, 1088), 79.01, 104.25)])
def test_other_sizes(shape, r18, r50):
    for name, expected in (('_base_/gfl_r18', r18), ('_base_/gfl_r50', r50)):
        assert complexity_of(config(name), shape).flops / 1e9 == pytest.approx(expected, abs=0.01)


def test_teacher():
    cost = complexity_of(config('_base_/teacher_r50', neck=dict(attention_cfg=None)))
    assert cost.trainable == 32_033_098 + 9_474_192 - 4 * 74_148 - 3_868_672 + 4 * 1_149_540 == 41_940_186
    assert cost.flops / 1e9 == pytest.approx(211.8, abs=0.05)
    assert cost.uncounted.keys() == {'reassembly (addcmul)'}
    pixels = [50 * 80, 25 * 40, 13 * 20, 7 * 10]
    assert cost.uncounted['reassembly (addcmul)'] == sum(25 * 256 * 4 * p for p in pixels)
    with_se = complexity_of(config('_base_/teacher_r50'))
    assert with_se.trainable - cost.trainable == 5 * 2 * 256 * 32


def test_second_stage_is_counted_with_all_regions():
    cost = complexity_of(config('detectors/faster-rcnn_r50_48e_medicine'), (64, 96))
    assert cost.proposals == 1000
    assert cost.counted['matrix product'] == 1000 * (256 * 49 * 1024 + 1024 * 1024 + 1024 * (2 + 4))
    assert '1000 regions' in report(cost, 'x')


def test_a_semantic_neck_in_a_two_stage_detector():
    cost = complexity_of(config('detectors/faster-rcnn_r50_semantic-fpn_48e_medicine'), (64, 96))
    assert cost.uncounted['reassembly (addcmul)'] == 25 * 256 * 4 * (8 * 12 + 4 * 6 + 2 * 3)


def test_deformable_convolutions_are_stated():
    cost = complexity_of(config('detectors/vfnet_r50_48e_medicine'), (384, 512))
    locations = 48 * 64 + 24 * 32 + 12 * 16 + 6 * 8 + 3 * 4
    assert cost.uncounted == {'deformable convolution': 2 * 256 * 256 * 9 * locations}
    text = report(cost, 'x')
    assert 'not counted' in text and 'deformable convolution' in text and '384 x 512' in text


def test_carafe_is_counted_without_its_operator():
    cfg = config('_base_/gfl_r18', **TINY)
    cfg.model.neck = dict(type='FPN_CARAFE', in_channels=[8, 16, 32, 64], out_channels=64, start_level=1, num_outs=5,
                          upsample_cfg=dict(type='carafe', up_kernel=5, up_group=1, encoder_kernel=3,
                                            encoder_dilation=1, compressed_channels=64))
    cost = complexity_of(cfg, (128, 128))
    assert cost.uncounted == {'reassembly (CARAFE)': 25 * 64 * 4 * (8 * 8 + 4 * 4 + 2 * 2 + 1 * 1)}


def test_a_distilled_detector_counts_as_its_student():
    cfg = config('_base_/gfl_r18', **TINY)
    plain = complexity_of(cfg, (64, 96))
    # A wider teacher makes the term build adapters: train-time parameters that are not the student's.
    wide = config('_base_/gfl_r18', **dict(TINY, neck=dict(TINY['neck'], out_channels=96),
                                           bbox_head=dict(in_channels=96, feat_channels=96)))
    cfg.model.update(type='DistilledDetector', teacher_config=dict(model=wide.model.to_dict()),
                     teacher_ckpt='/nowhere/teacher.pth', distillers=[dict(type='CrossHeadKD')])
    distilled = complexity_of(cfg, (64, 96))
    assert distilled == plain
    built = build_model(cfg)
    assert sum(p.numel() for p in built.parameters()) > plain.params  # the adapters are there
    cfg.model.teacher_config = '/nowhere/teacher.py'
    assert complexity_of(cfg, (64, 96)) == plain


def test_the_same_as_mmengine_on_a_whole_detector():
    cfg = config('_base_/gfl_r18', **TINY)
    model = build_model(cfg)
    reference = FlopAnalyzer(model, (torch.zeros(1, 3, 64, 96), ))
    reference = reference.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    assert complexity_of(cfg, (64, 96)).flops == reference.total() > 0


@MODELS.register_module()
class CuriousGFL(GFL):
    """Looks at the values of its input, as some transformers look at their masks."""

    def _forward(self, batch_inputs, batch_data_samples=None):
        assert batch_inputs.max().item() >= 0
        return super()._forward(batch_inputs, batch_data_samples)


def test_detectors_that_look_at_values_are_run():
    cfg = config('_base_/gfl_r18', **TINY)
    plain = complexity_of(cfg, (64, 96))
    cfg.model.type = 'CuriousGFL'
    assert complexity_of(cfg, (64, 96)) == plain


def test_mistakes():
    with pytest.raises(UserError, match='at least 32 pixels a side, got 0 x 1280'):
        complexity_of(config('_base_/gfl_r18'), (0, 1280))
    with pytest.raises(UserError, match=r'unknown component: FPM.*did you mean'):
        complexity_of(config('_base_/gfl_r18', neck=dict(type='FPM')), (64, 96))


@ROOT_MODELS.register_module()
class CountedBank(DataShapedBuffers, AnomalyModel):
    """Distance to the nearest of the rows that it saw, of features from a module that is not its own."""

    def __init__(self, data_preprocessor=None):
        super().__init__(data_preprocessor=data_preprocessor)
        self.register_data_buffer('bank')
        self._outside = [nn.Conv2d(3, 4, 8, stride=8, bias=False).requires_grad_(False)]

    def outside_modules(self):
        return dict(teacher=self._outside[0])

    def _apply(self, function, recurse=True):
        self._outside[0]._apply(function)
        return super()._apply(function, recurse)

    def score_maps(self, inputs):
        rows = self._outside[0](inputs).flatten(2).transpose(1, 2).reshape(-1, 4)
        distances = torch.cdist(rows, self.bank).amin(1).reshape(len(inputs), -1)
        return Maps(distances.amax(1))


def test_an_anomaly_model_of_any_scope_counts_by_its_contract(tmp_path):
    cfg = Config(dict(default_scope='mmengine', model=dict(type='CountedBank')))
    torch.save(dict(state_dict=dict(bank=torch.rand(70, 4))), tmp_path / 'bank.pth')
    cost = complexity_of(cfg, (64, 96), str(tmp_path / 'bank.pth'))
    assert (cost.trainable, cost.params) == (0, 4 * 3 * 64)  # the outside module counts
    assert cost.counted == {'convolution': 4 * 3 * 64 * 8 * 12}
    assert cost.uncounted == {'distances (cdist)': 8 * 12 * 70 * 4}
    with pytest.raises(UserError, match=r'CountedBank cannot be counted .* needs its checkpoint'):
        complexity_of(cfg, (64, 96))

"""Every family finds what mmdet's own test step finds; what a network says of itself; what is refused."""
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope

from detection_helpers import (
    RESIZE,
    assert_same,
    assert_same_in_onnx,
    family_cfg,
    found_by_mmdet,
    found_by_network,
    pictures,
    tiny_cfg,
    tiny_detector,
    tiny_network,
)
from helpers import ROOT, distilled_cfg
from mminspect.core.errors import UserError
from mminspect.inspection.networks.detection import detection_network
from mminspect.inspection.spec import NetworkSpec, Suppression
from mminspect.models.building import load_model
from mminspect.runtime import load_config
from mminspect.vision.reading import Reading

FAMILIES = ('GFL', 'ATSS', 'RetinaNet', 'TOOD', 'VFNet', 'YOLOF', 'semantic')


@pytest.mark.parametrize('family', FAMILIES)
def test_finds_what_mmdet_finds(family: str) -> None:
    """The first image fills the input, the others are padded below or on the right, one is enlarged."""
    model, network, fields = tiny_network(family)
    images = pictures((128, 192), (100, 192), (40, 60), (90, 100))
    found = found_by_network(network, fields, images)
    for ours, theirs in zip(found, found_by_mmdet(model, images), strict=True):
        assert_same(ours, theirs)
        assert len(ours.boxes) >= 5 and set(ours.labels) == {0, 1}
    _, scores = network(torch.zeros(1, 64, 96, 3))
    assert (scores > fields['suppression'].score_thr).sum() > len(found[0].boxes), 'some boxes are suppressed'


def test_centerness_does_not_decide_what_passes_the_threshold() -> None:
    """ATSS of mmdet finds boxes whose final score is below ``score_thr``."""
    model, network, fields = tiny_network('ATSS')
    found = found_by_network(network, fields, pictures((64, 96)))[0]
    assert 0 < found.scores.min() < model.test_cfg.score_thr


def test_without_a_neck() -> None:
    cfg = family_cfg('YOLOF')
    model = tiny_detector('YOLOF', neck=None, bbox_head=dict(cfg['bbox_head'], in_channels=64))
    network, fields = detection_network(tiny_cfg(), model)
    images = pictures((64, 96))
    assert_same(found_by_network(network, fields, images)[0], found_by_mmdet(model, images)[0])


def test_semantic_neck_in_onnx(tmp_path: Path) -> None:
    assert_same_in_onnx('semantic', tmp_path)


def test_fields() -> None:
    _, _, fields = tiny_network('GFL')
    assert fields == dict(
        kind='detection', classes=('scratch', 'hole'), input_size=(64, 96), image_size=(64, 96),
        keep_ratio=True, pad_rgb=(120.0, 115.0, 105.0), outputs=('boxes', 'scores'),
        suppression=Suppression(level_sizes=(96, 24, 6, 2, 1), score_thr=pytest.approx(0.3), nms_pre=40,
                                iou_threshold=0.6, max_per_img=60, min_size=0.0, clip=True),
        tile=None, overlap=None, reading=Reading())
    spec = NetworkSpec(name='tiny', fingerprint='0' * 16, **fields)
    assert NetworkSpec.from_json(spec.to_json(), 'test') == spec


def test_tiles_come_from_the_data_set() -> None:
    cfg = load_config(str(ROOT / 'configs' / 'fdrd' / 'gfl_r18_48e_tiles.py'))
    _, fields = detection_network(cfg, load_model(cfg, None))
    assert (fields['tile'], fields['overlap'], fields['input_size']) == (1024, 128, (1024, 1024))


def test_input_is_padded_to_the_divisor() -> None:
    model = tiny_detector('GFL')
    _, fields = detection_network(tiny_cfg(dict(RESIZE, scale=(1333, 800))), model)
    assert fields['input_size'] == (800, 1344) and fields['image_size'] == (800, 1333)
    assert fields['suppression'].level_sizes == (100 * 168, 50 * 84, 25 * 42, 13 * 21, 7 * 11)


@pytest.mark.parametrize('family', ['GFL', 'YOLOF'])
def test_padding_is_zero_behind_the_normalisation(family: str) -> None:
    """Of both orders of channels; and a pure colour reaches the backbone in the channel that mmdet gives it."""
    _, network, fields = tiny_network(family)
    seen = []
    network.backbone.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    images = torch.tensor([fields['pad_rgb'], (255.0, 0.0, 0.0)]).reshape(2, 1, 1, 3).expand(2, 64, 96, 3)
    network(images)
    assert seen[0].shape == (2, 3, 64, 96) and seen[0][0].abs().max() < 1e-5
    rgb = family == 'GFL'
    assert fields['pad_rgb'] == ((120, 115, 105) if rgb else (105, 115, 120))
    mean, std = torch.tensor([120.0, 115.0, 105.0]), torch.tensor([58.0, 57.0, 57.5])
    red = torch.tensor([255.0, 0, 0] if rgb else [0, 0, 255.0])
    assert torch.allclose(seen[0][1, :, 0, 0], (red - mean) / std)


def test_padding_value_of_the_preprocessor_is_kept() -> None:
    preprocessor = dict(family_cfg('GFL')['data_preprocessor'], pad_value=2)
    _, fields = detection_network(tiny_cfg(), tiny_detector('GFL', data_preprocessor=preprocessor))
    assert fields['pad_rgb'] == (120 + 2 * 58, 115 + 2 * 57, 105 + 2 * 57.5)


def test_a_distilled_student_needs_no_teacher() -> None:
    """Its files are absent; the network is that of the plain detector with the same weights."""
    plain, network, _ = tiny_network('GFL')
    cfg = Config(dict(model=distilled_cfg('GFL', teacher='absent.py', ckpt='absent.pth', distillers=[])))
    student = load_model(cfg, None)
    student.load_state_dict(plain.state_dict())
    distilled, _ = detection_network(tiny_cfg(), student)
    assert {type(part).__name__ for part in distilled.children()} == {'ResNet', 'FPN', 'GFLDecoder'}
    images = torch.from_numpy(np.stack(pictures((64, 96)))).float()
    with torch.no_grad():
        for ours, theirs in zip(distilled(images), network(images), strict=True):
            assert torch.equal(ours, theirs)


def refused(cfg: Config, model: torch.nn.Module, reason: str) -> None:
    with pytest.raises(UserError, match=reason) as caught:
        detection_network(cfg, model)
    assert '\n' not in str(caught.value) and not str(caught.value).endswith('.')


def test_two_stages_are_refused() -> None:
    refused(tiny_cfg(), torch.nn.Module(), 'baseline of two stages for comparisons, which is not exported')


def test_settings_that_mmdet_alone_knows_are_refused() -> None:
    model = tiny_detector('GFL')
    for resize in (dict(type='Resize', scale=(96, 64)), dict(type='Resize', scale_factor=0.5, keep_ratio=True),
                   dict(type='Pad', size_divisor=32)):
        refused(tiny_cfg(resize), model, 'fixes no input size: give it a Resize with')
    refused(Config(dict()), model, 'fixes no input size')
    refused(tiny_cfg(classes=('one', )), model, 'has 1 classes and the head 2')
    for nms in (dict(type='soft_nms', iou_threshold=0.5), dict(iou_threshold=0.5, class_agnostic=True)):
        model.bbox_head.test_cfg = ConfigDict(family_cfg('GFL')['test_cfg'], nms=nms)
        refused(tiny_cfg(), model, 'only dict')


def test_compiled_operators_are_refused() -> None:
    backbone = dict(family_cfg('GFL')['backbone'], depth=50, dcn=dict(type='DCNv2', deform_groups=1),
                    stage_with_dcn=(False, False, False, True))
    neck = dict(family_cfg('GFL')['neck'], in_channels=[32, 64, 128, 256])
    model = tiny_detector('GFL', backbone=backbone, neck=neck)
    refused(tiny_cfg(), model, 'ModulatedDeformConv2dPack')


def test_classes_of_the_data_set_class() -> None:
    """Without names in the config, mmdet's own hold: COCO's 80."""
    cfg = tiny_cfg()
    del cfg.test_dataloader.dataset['metainfo']
    refused(cfg, tiny_detector('GFL'), 'has 80 classes and the head 2')


def test_model_is_in_eval_mode() -> None:
    init_default_scope('mmdet')
    model = MODELS.build(ConfigDict(family_cfg('VFNet'))).train()  # in training, its head gives three results
    network, _ = detection_network(tiny_cfg(), model)
    assert not any(part.training for part in network.modules())

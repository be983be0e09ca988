import copy
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from torch import nn

from fdrd.detectors.frozen_teacher import DetectorTeacherSlot, load_teacher, peek_feat_channels, read_teacher_config
from helpers import batch, build, detector_cfg, distilled_cfg, init_quietly, save_checkpoint
from mminspect.core.errors import UserError
from mminspect.models.digests import sha256


@pytest.fixture(scope='module')
def teacher_file(tmp_path_factory) -> Path:
    return save_checkpoint(build(detector_cfg(), 7), tmp_path_factory.mktemp('teacher') / 'teacher.pth')


def start(cfg: dict) -> nn.Module:
    """What the Runner does before training: build and initialise."""
    init_default_scope('mmdet')
    student = MODELS.build(ConfigDict(cfg))
    init_quietly(student)
    return student


def changed(cfg: dict, **parts: dict) -> dict:
    cfg = copy.deepcopy(cfg)
    for name, values in parts.items():
        cfg[name] = {**cfg[name], **values}
    return cfg


def test_teacher_has_the_weights_of_its_file(teacher_file: Path) -> None:
    student = start(distilled_cfg(ckpt=teacher_file))
    expected = torch.load(teacher_file)['state_dict']
    assert all(torch.equal(v, expected[k]) for k, v in student.teacher.state_dict().items())
    assert student.teacher_slot.fingerprint == sha256(teacher_file)
    assert student.teacher is student.teacher


def test_teacher_may_come_from_a_config_file(teacher_file: Path, tmp_path: Path, monkeypatch) -> None:
    Config(dict(model=detector_cfg())).dump(tmp_path / 'teacher.py')
    monkeypatch.chdir(tmp_path)
    student = start(distilled_cfg(teacher='teacher.py', ckpt=teacher_file))
    with torch.no_grad():
        assert student.teacher(batch()[0])[0][0].shape == (2, 2, 8, 12)


def test_random_teacher_is_announced(messages: list[str]) -> None:
    init_default_scope('mmdet')
    teacher = load_teacher(dict(model=ConfigDict(detector_cfg())), None)
    assert any('RANDOM teacher weights' in text for text in messages)
    assert not teacher.training and not any(p.requires_grad for p in teacher.parameters())


def test_teacher_is_built_without_its_pretrained_backbone(teacher_file: Path) -> None:
    model = detector_cfg()
    model['backbone']['init_cfg'] = dict(type='Pretrained', checkpoint='torchvision://does-not-exist')
    teacher = start(distilled_cfg(teacher=dict(model=model), ckpt=teacher_file)).teacher
    assert 'Pretrained' not in str(teacher.backbone.init_cfg)
    assert model['backbone']['init_cfg']['type'] == 'Pretrained'  # the caller's config stays as it was


def test_mmdet_s_own_configs_are_found() -> None:
    assert read_teacher_config('mmdet::gfl/gfl_r50_fpn_1x_coco.py')['model'].type == 'GFL'
    with pytest.raises(UserError, match='cannot be read'):
        read_teacher_config('mmdet::gfl/no_such_config.py')


@pytest.mark.parametrize(('content', 'words'), [(None, 'does not exist'), ('x = 1', 'has no `model`'),
                                                ('model = (', 'SyntaxError'), ('_base_ = "gone.py"', 'cannot be read'),
                                                ('model = undefined', 'NameError')])
def test_unusable_config_files(content: str | None, words: str, tmp_path: Path) -> None:
    file = tmp_path / 'teacher.py'
    if content is not None:
        file.write_text(content)
    with pytest.raises(UserError, match=words):
        start(distilled_cfg(teacher=str(file)))
    assert peek_feat_channels(str(file)) is None


def test_width_is_read_from_the_config() -> None:
    assert peek_feat_channels(dict(model=detector_cfg(width=48))) == 48
    model = detector_cfg()
    del model['bbox_head']['feat_channels']
    assert peek_feat_channels(dict(model=model)) == 256
    assert peek_feat_channels(dict(no_model=1)) is None


@pytest.mark.parametrize(('content', 'words'), [
    (None, 'does not exist'),
    (b'not a checkpoint', 'is not a checkpoint|damaged'),
    (dict(state_dict={}), 'does not belong to teacher_config: .* missing'),
])
def test_unusable_checkpoints(content, words: str, tmp_path: Path) -> None:
    file = tmp_path / 'teacher.pth'
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content is not None:
        torch.save(content, file)
    with pytest.raises(UserError, match='teacher_ckpt') as error:
        start(distilled_cfg(ckpt=file))
    assert error.match(words) and '\n' not in str(error.value)


def test_checkpoint_that_cannot_be_downloaded(monkeypatch) -> None:
    def offline(*_, **__) -> None:
        raise URLError('no route to host')

    monkeypatch.setattr('mminspect.models.checkpoint.CheckpointLoader.load_checkpoint', offline)
    with pytest.raises(UserError, match=r'teacher_ckpt: .*no route to host'):
        start(distilled_cfg(ckpt='https://example.org/a.pth'))


@pytest.mark.parametrize(('other', 'words'), [
    (dict(classes=3), 'of another shape'), (dict(stacked_convs=3), 'unexpected'), (dict(stacked_convs=5), 'missing')])
def test_checkpoint_of_another_model(other: dict, words: str, teacher_file: Path) -> None:
    with pytest.raises(UserError, match=f'does not belong to teacher_config: .*{words}'):
        start(distilled_cfg(teacher=dict(model=detector_cfg(**other)), ckpt=teacher_file))


BASE = detector_cfg()
STRIDES = dict(BASE['bbox_head']['anchor_generator'], strides=[4, 8, 16, 32, 64])
FCOS = dict(type='FCOSHead', num_classes=2, in_channels=32, feat_channels=32, strides=[8, 16, 32, 64, 128],
            norm_cfg=dict(type='GN', num_groups=8))


@pytest.mark.parametrize(('teacher', 'words'), [
    (detector_cfg(classes=3), 'num_classes: 2 and 3'),
    (detector_cfg(anchor_generator=STRIDES), 'strides'),
    (detector_cfg(reg_max=8), 'reg_max: 16 and 8'),
    (changed(BASE, data_preprocessor=dict(mean=[0.0, 0.0, 0.0])), 'different mean'),
    (changed(BASE, data_preprocessor=dict(std=[1.0, 1.0, 1.0])), 'different std'),
    (changed(BASE, data_preprocessor=dict(bgr_to_rgb=False)), 'bgr_to_rgb'),
    (dict(BASE, data_preprocessor=None), 'different mean'),
    (detector_cfg('ATSS'), 'reg_max: 16 and None'),
    (dict(BASE, type='FCOS', bbox_head=FCOS), 'cannot follow the steps of FCOSHead'),
])
def test_pairs_that_do_not_fit(teacher: dict, words: str) -> None:
    with pytest.raises(UserError, match=words) as error:
        start(distilled_cfg(teacher=dict(model=teacher), distillers=[dict(type='FeaturePKD')]))
    assert '\n' not in str(error.value)


def test_other_number_of_anchors_is_refused() -> None:
    fewer = dict(detector_cfg('RetinaNet')['bbox_head']['anchor_generator'], scales_per_octave=2)
    teacher = detector_cfg('RetinaNet', anchor_generator=fewer)
    with pytest.raises(UserError, match='anchors per location: 9 and 6'):
        start(distilled_cfg('RetinaNet', teacher=dict(model=teacher)))


def test_two_stage_teacher_is_refused() -> None:
    model = Config.fromfile(Path(__file__).parents[3] / 'configs/fdrd/_base_/faster-rcnn_r50.py').model
    with pytest.raises(UserError, match='must be a single-stage detector, got FasterRCNN'):
        start(distilled_cfg(teacher=dict(model=model)))


def test_detectors_without_preprocessor_fit_each_other() -> None:
    bare = dict(BASE, data_preprocessor=None)
    student = start(dict(distilled_cfg(teacher=dict(model=bare)), data_preprocessor=None))
    assert student.teacher is not None


def test_failed_check_leaves_no_teacher_behind() -> None:
    init_default_scope('mmdet')
    student = MODELS.build(ConfigDict(distilled_cfg(teacher=dict(model=detector_cfg(classes=3)))))
    for _ in range(2):  # the second request must not get the unfit teacher
        with pytest.raises(UserError, match='num_classes'):
            _ = student.teacher
    assert student.teacher_slot.module is None


def test_copy_of_a_slot_is_empty() -> None:
    slot = DetectorTeacherSlot('a.py', 'a.pth')
    slot.module = nn.Linear(1, 1)
    twin = copy.deepcopy(slot)
    assert (twin.config, twin.checkpoint, twin.module) == ('a.py', 'a.pth', None)

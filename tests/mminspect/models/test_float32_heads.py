"""Losses, assigners and boxes of every head are those of float32, whatever the autocast around them."""
from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import mmdet.models.dense_heads
import mmdet.models.roi_heads
import pytest
import torch
from mmdet.models.dense_heads import GFLHead
from mmdet.models.utils import unpack_gt_instances
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.logging import MessageHub
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from torch import Tensor, nn

from helpers import ROOT, batch, build, total
from mminspect.engine import Bf16OptimWrapper
from mminspect.models.float32_heads import float32_outputs, install_float32_heads

HALVES = [torch.bfloat16, torch.float16]
#: One-stage detectors; FCOS is in no config of the project.
FAMILIES = ['GFL', 'ATSS', 'RetinaNet', 'TOOD', 'VFNet', 'YOLOF', 'FCOS']
#: Layers whose outputs the head computes with in its own forward pass, by head.
LAST = dict(GFLHead=['gfl_cls', 'gfl_reg'], ATSSHead=['atss_cls', 'atss_reg', 'atss_centerness'],
            RetinaHead=['retina_cls', 'retina_reg'], FCOSHead=['conv_cls', 'conv_reg', 'conv_centerness'],
            TOODHead=['tood_cls', 'tood_reg', 'cls_prob_module', 'reg_offset_module'],
            VFNetHead=['vfnet_cls', 'vfnet_reg', 'vfnet_reg_refine'],
            YOLOFHead=['cls_score', 'bbox_pred', 'object_pred'])


def detector_cfg(family: str) -> dict:
    """The detector of a family as the configs have it, with a ResNet-18 of base width 8 and 32 channels behind it."""
    name = {'two-stage': 'faster-rcnn'}.get(family, family.lower())
    cfg = (get_config('mmdet::fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py') if family == 'FCOS'
           else Config.fromfile(ROOT / f'configs/fdrd/_base_/{name}_r50.py')).model
    cfg.backbone = dict(type='ResNet', depth=18, base_channels=8, out_indices=cfg.backbone.out_indices,
                        norm_cfg=dict(type='BN', requires_grad=True), norm_eval=True)
    cfg.neck.update(in_channels=64 if family == 'YOLOF' else [8, 16, 32, 64], out_channels=32)
    if family == 'YOLOF':
        cfg.neck.block_mid_channels = 8
    if family == 'two-stage':
        cfg.rpn_head.update(in_channels=32, feat_channels=32)
        cfg.roi_head.bbox_roi_extractor.out_channels = 32
        cfg.roi_head.bbox_head.update(in_channels=32, fc_out_channels=64, num_classes=2)
        return cfg.to_dict()
    cfg.bbox_head.update(in_channels=32, feat_channels=32, num_classes=2)
    if family not in ('RetinaNet', 'YOLOF'):
        cfg.bbox_head.norm_cfg = dict(type='GN', num_groups=8)
    return cfg.to_dict()


@cache
def detector(family: str) -> nn.Module:
    return build(detector_cfg(family))


def leaves(value: Any, dtype: torch.dtype) -> Any:
    """The same nested lists of tensors, rounded to half precision, each a leaf with gradients."""
    if isinstance(value, Tensor):
        return value.detach().to(torch.bfloat16).to(dtype).requires_grad_()
    return type(value)(leaves(entry, dtype) for entry in value)


def flat(value: Any) -> list[Tensor]:
    return [value] if isinstance(value, Tensor) else [tensor for entry in value for tensor in flat(entry)]


def assert_equal_losses(loss: Callable[..., dict], outputs: Iterable[Any], autocast: torch.dtype,
                        given: torch.dtype) -> None:
    """Compare losses and gradients of what the layers gave, inside of autocast and in ``given``, with float32.

    The gradients of half-precision outputs are rounded to it, as those of float32 have to be for this.
    """
    outputs = tuple(outputs)
    found, expected = leaves(outputs, given), leaves(outputs, torch.float32)
    with torch.autocast('cpu', autocast):
        losses = loss(*found)
    exact = loss(*expected)
    assert losses.keys() == exact.keys() and any('bbox' in name for name in exact)
    for name, values in exact.items():
        if 'loss' in name:
            assert total({name: values}) > 0, name
            assert total({name: losses[name]}).item() == pytest.approx(total({name: values}).item(), rel=1e-3), name
    for each in (losses, exact):
        total(each).backward()
    for a, b in zip(flat(found), flat(expected), strict=True):
        assert (a.grad is None) == (b.grad is None)
        if a.grad is not None:
            assert a.grad.dtype == given
            torch.testing.assert_close(a.grad.float(), b.grad.to(given).float(), rtol=1e-3,
                                       atol=1e-5 * b.grad.abs().max().item())


@pytest.fixture(autouse=True)
def epoch(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets the epoch, by which TOOD chooses its assigner: that of its later epochs unless told otherwise."""
    hub = MessageHub.get_current_instance()
    monkeypatch.setattr(hub, '_runtime_info', dict(hub.runtime_info, epoch=4))
    return lambda number: hub.update_info('epoch', number)


@pytest.mark.parametrize('given', [torch.float32, torch.bfloat16])
@pytest.mark.parametrize('autocast', HALVES)
@pytest.mark.parametrize(('family', 'number'), [*((family, 4) for family in FAMILIES), ('TOOD', 0)])
def test_losses_of_one_stage_heads(family: str, number: int, autocast: torch.dtype, given: torch.dtype,
                                   epoch: Callable[[int], None]) -> None:
    epoch(number)
    model, (inputs, samples) = detector(family), batch()
    with torch.no_grad():
        outputs = model.bbox_head(model.extract_feat(inputs))
    instances, ignored, metas = unpack_gt_instances(samples)
    assert_equal_losses(lambda *o: model.bbox_head.loss_by_feat(*o, instances, metas, ignored), outputs, autocast,
                        given)


def proposals(samples: list) -> list[InstanceData]:
    """Every box of the labels, shifted by some pixels."""
    return [InstanceData(priors=torch.cat([sample.gt_instances.bboxes + d for d in (-3.0, 0.0, 2.5, 40.0)]))
            for sample in samples]


@pytest.mark.parametrize('given', [torch.float32, torch.bfloat16])
@pytest.mark.parametrize('autocast', HALVES)
def test_losses_of_two_stage_heads(autocast: torch.dtype, given: torch.dtype) -> None:
    model, (inputs, samples) = detector('two-stage'), batch()
    instances, ignored, metas = unpack_gt_instances(samples)
    for instance in instances:
        instance.labels = torch.zeros_like(instance.labels)  # objects of any kind, as an RPN is trained
    rpn, roi = model.rpn_head, model.roi_head

    def rpn_loss(*outputs: Any) -> dict:
        torch.manual_seed(0)  # of the random sampler
        return {f'{name}_bbox': value for name, value in rpn.loss_by_feat(*outputs, instances, metas, ignored).items()}

    with torch.no_grad():
        features = model.extract_feat(inputs)
        outputs = rpn(features)
        samplings = [roi.bbox_sampler.sample(roi.bbox_assigner.assign(p, i, g), p, i)
                     for p, i, g in zip(proposals(samples), instances, ignored, strict=True)]
        rois = torch.cat([torch.cat([torch.full((len(s.priors), 1), float(i)), s.priors], 1)
                          for i, s in enumerate(samplings)])
        found = roi._bbox_forward(features, rois)
    assert_equal_losses(rpn_loss, outputs, autocast, given)
    assert_equal_losses(lambda *o: roi.bbox_head.loss_and_target(*o, rois, samplings, roi.train_cfg)['loss_bbox'],
                        (found['cls_score'], found['bbox_pred']), autocast, given)


@pytest.mark.parametrize('autocast', HALVES)
@pytest.mark.parametrize('family', [*FAMILIES, 'two-stage'])
def test_predictions_are_those_of_float32(family: str, autocast: torch.dtype) -> None:
    """Boxes and scores of given outputs, as in a validation with ``fp16=True``, and the proposals of a training."""
    model, (inputs, samples) = copy.deepcopy(detector(family)).eval(), batch()
    head, metas = getattr(model, 'bbox_head', None) or model.rpn_head, [sample.metainfo for sample in samples]
    cfg = dict(model.test_cfg['rpn'] if family == 'two-stage' else model.test_cfg, score_thr=0.0)
    with torch.no_grad():
        outputs = leaves(tuple(head(model.extract_feat(inputs))), torch.bfloat16)
        expected = head.predict_by_feat(*leaves(outputs, torch.float32), batch_img_metas=metas, cfg=Config(cfg))
        with torch.autocast('cpu', autocast):
            found = head.predict_by_feat(*outputs, batch_img_metas=metas, cfg=Config(cfg))
    for a, b in zip(found, expected, strict=True):
        assert len(b) and torch.equal(a.bboxes, b.bboxes) and torch.equal(a.scores, b.scores)


@pytest.mark.parametrize('autocast', HALVES)
@pytest.mark.parametrize('family', FAMILIES)
def test_forward_pass_is_in_float32_behind_the_last_layers(family: str, autocast: torch.dtype, monkeypatch) -> None:
    """The scales, YOLOF's objectness and TOOD's and VFNet's boxes."""
    model = detector(family)
    head, features, given = model.bbox_head, model.extract_feat(batch()[0]), {}
    names = LAST[type(head).__name__]
    hooks = [getattr(head, name).register_forward_hook(
        lambda _, __, output, name=name: given.setdefault(name, []).append(output)) for name in names]
    with torch.no_grad(), torch.autocast('cpu', autocast):
        found = head(features)
    for hook in hooks:
        hook.remove()
    assert all(output.dtype == autocast for outputs in given.values() for output in outputs)  # half until here
    for name in names:
        outputs = iter(given[name])
        monkeypatch.setattr(getattr(head, name), 'forward', lambda _, outputs=outputs: next(outputs).float())
    with torch.no_grad():
        expected = head(features)
    for a, b in zip(flat(found), flat(expected), strict=True):
        assert a.dtype == torch.float32 and torch.equal(a, b)


def test_heads_run_on_a_device_without_memory() -> None:
    """Where autocast is unknown; operations are counted there."""
    head = copy.deepcopy(detector('GFL').bbox_head).to('meta')
    outputs = head([torch.empty(1, 32, 8, 8, device='meta')] * 5)
    assert {output.device.type for output in flat(outputs)} == {'meta'}


def test_only_last_layers_give_float32() -> None:
    class Head(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden, self.score = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 2, 1)
            self.sequence = nn.Sequential(nn.Linear(2, 4), nn.Linear(4, 4))
            self.tower, self.block = nn.ModuleList([nn.Conv2d(4, 8, 1)]), nn.Sequential(nn.Conv2d(4, 8, 1), nn.ReLU())

    head, x = Head(), torch.randn(1, 4, 2, 2)
    with torch.autocast('cpu', torch.bfloat16):
        with float32_outputs(head):
            given = [head.hidden(x), head.tower[0](x), head.block(x), head.score(x), head.sequence(torch.randn(1, 2))]
        assert head.score(x).dtype == torch.bfloat16
    assert [output.dtype for output in given] == [torch.bfloat16] * 3 + [torch.float32] * 2
    head = head.bfloat16()
    with float32_outputs(head):
        assert head.score(x.bfloat16()).dtype == torch.bfloat16  # a network in half precision is left as it is


class PlainHead(BaseModule):
    """A head as somebody else writes one, which knows nothing of precision."""

    def __init__(self) -> None:
        super().__init__()
        self.score = nn.Conv2d(8, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.score(x).exp()

    def loss_by_feat(self, outputs: Tensor) -> dict[str, Tensor]:
        return dict(loss_bbox=(outputs.flatten(1) @ outputs.flatten(1).T).mean())


class FinerHead(PlainHead):
    """Another of the same family, with a loss that builds on the first."""

    def loss_by_feat(self, outputs: Tensor) -> dict[str, Tensor]:
        return dict(super().loss_by_feat(outputs), loss_more=(outputs[0, 0] @ outputs[0, 0].T).sum().abs())


@pytest.mark.parametrize('kind', [PlainHead, FinerHead])
def test_a_head_of_somebody_else_needs_to_do_nothing(kind: type[nn.Module]) -> None:
    head, x = kind(), torch.randn(2, 8, 5, 5)
    with torch.no_grad():
        outputs = head(x)
        with torch.autocast('cpu', torch.bfloat16):
            assert head(x).dtype == torch.float32
    assert_equal_losses(head.loss_by_feat, [outputs], torch.bfloat16, torch.bfloat16)
    assert kind.forward is PlainHead.forward and 'forward' not in vars(head)
    assert len(pickle.loads(pickle.dumps(copy.deepcopy(head))).state_dict()) == 2


def test_heads_are_changed_once() -> None:
    install_float32_heads()
    heads = [kind for module in (mmdet.models.dense_heads, mmdet.models.roi_heads) for kind in vars(module).values()
             if isinstance(kind, type) and issubclass(kind, BaseModule) and hasattr(kind, 'loss_by_feat')]
    assert len(heads) > 40
    for kind in heads:
        method = kind.loss_by_feat
        assert hasattr(method, '__wrapped__') and not hasattr(method.__wrapped__, '__wrapped__'), kind
    assert GFLHead.loss_by_feat.__name__ == 'loss_by_feat' and GFLHead.loss_by_feat.__doc__


def test_heads_of_all_configs_are_compared_here() -> None:
    seen, compared = set(), set()
    for path in (ROOT / 'configs/fdrd').rglob('*.py'):
        model = Config.fromfile(path).get('model') or {}
        seen |= {model[name].type for name in ('bbox_head', 'rpn_head') if name in model}
        seen |= {model.roi_head.bbox_head.type} if 'roi_head' in model else set()
    for family in [*FAMILIES, 'two-stage']:
        model = detector(family)
        compared |= {type(module).__name__ for module in model.modules() if hasattr(module, 'loss_by_feat')
                     or hasattr(module, 'loss_and_target')}
    assert len(seen) >= 8 and seen <= compared


@pytest.mark.parametrize('family', ['GFL', 'TOOD', 'two-stage'])
def test_a_training_step_of_a_plain_detector_gives_losses_in_float32(family: str) -> None:
    model, (inputs, samples) = copy.deepcopy(detector(family)), batch()
    wrapper = Bf16OptimWrapper(torch.optim.SGD(model.parameters(), lr=1e-3))
    with wrapper.optim_context(model):
        assert model.extract_feat(inputs)[0].dtype == torch.bfloat16
        losses = model(inputs, samples, mode='loss')
    assert all(value.dtype == torch.float32 for name, value in losses.items() if 'loss' in name
               for value in (value if isinstance(value, list) else [value]))
    total(losses).backward()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)
    assert sum(p.grad is not None for p in model.parameters()) > 40



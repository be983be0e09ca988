"""Levels in a row, boxes of one pixel after each other; which heads there are, and how another one comes in."""
import pytest
import torch
from mmdet.models import FCOSHead
from mmdet.registry import MODELS

from detection_helpers import (
    assert_same,
    family_cfg,
    found_by_mmdet,
    found_by_network,
    pictures,
    tiny_cfg,
    tiny_detector,
)
from helpers import STRIDES, build
from mminspect.core.errors import UserError
from mminspect.inspection.networks.detection import detection_network
from mminspect.inspection.networks.heads import DECODERS, Decoder, boxes_around, build_decoder, register_decoder


def test_priors_are_those_that_mmdet_makes_for_its_maps() -> None:
    head = tiny_detector('RetinaNet').bbox_head
    decoder = build_decoder(head, (70, 90))  # no multiple of any stride: maps round up
    assert decoder.map_sizes == [(9, 12), (5, 6), (3, 3), (2, 2), (1, 1)]
    assert decoder.level_sizes == tuple(9 * height * width for height, width in decoder.map_sizes)
    expected = head.prior_generator.grid_priors(decoder.map_sizes, device='cpu')
    assert torch.equal(decoder.priors, torch.cat(expected))
    assert decoder.strides[[0, 9 * 108, -1], 0].tolist() == [8, 16, 128]


def test_order_of_boxes() -> None:
    """The value (anchor, entry) of pixel (y, x) is in row (y · width + x) · anchors + anchor of its level."""
    decoder = build_decoder(tiny_detector('RetinaNet').bbox_head, (64, 96))
    maps = [torch.rand(2, 9 * 4, *size) for size in decoder.map_sizes]
    rows = decoder._joined(maps)
    assert rows.shape == (2, sum(decoder.level_sizes), 4)
    first = decoder.level_sizes[0]
    for image, y, x, anchor, entry in ((0, 0, 0, 0, 0), (1, 3, 5, 8, 2), (1, 2, 0, 4, 3)):
        assert rows[image, first + (y * 6 + x) * 9 + anchor, entry] == maps[1][image, anchor * 4 + entry, y, x]


def test_boxes_around() -> None:
    assert boxes_around(torch.tensor([[10.0, 20.0]]), torch.tensor([[[1.0, 2.0, 3.0, 4.0]]])).tolist() == [
        [[9, 18, 13, 24]]]


def test_other_heads_and_classes_with_background_are_refused() -> None:
    fcos = MODELS.build(dict(type='mmdet.FCOSHead', num_classes=2, in_channels=8, feat_channels=8, norm_cfg=None))
    with pytest.raises(UserError, match='FCOSHead cannot be used without mmdet: choose one of ATSSHead, GFLHead'):
        build_decoder(fcos, (64, 96))
    softmax = tiny_detector('RetinaNet').bbox_head
    softmax.use_sigmoid_cls = False
    with pytest.raises(UserError, match='class for the background'):
        build_decoder(softmax, (64, 96))


def test_new_decoder_is_told_what_it_lacks() -> None:
    class Unfinished(Decoder):
        pass

    decoder = Unfinished(tiny_detector('GFL').bbox_head, (64, 96))
    with pytest.raises(NotImplementedError, match=r'Unfinished .* give it a method boxes'):
        decoder.boxes(torch.zeros(1))


def test_heads_that_derive_from_a_known_one_are_not_taken_for_it() -> None:
    class Different(type(tiny_detector('GFL').bbox_head)):
        pass

    head = tiny_detector('GFL').bbox_head
    head.__class__ = Different
    assert 'Different' not in DECODERS
    with pytest.raises(UserError, match='a Different cannot be used'):
        build_decoder(head, (64, 96))


@MODELS.register_module(force=True)
class OutsideHead(FCOSHead):
    """A head that the project does not know."""


@register_decoder('OutsideHead')
class OutsideDecoder(Decoder):
    """Distances in pixels around points; of what exceeds the threshold, the centerness lowers the score."""

    def __init__(self, head, input_size) -> None:
        super().__init__(head, input_size)
        self.lowest, self.score_thr = self.score_thr, 0.0

    def boxes(self, regression):
        return boxes_around(self.priors, regression)

    def scores(self, classification, centerness):
        likely = classification.sigmoid()
        return torch.where(likely > self.lowest, likely * centerness.sigmoid(), 0.0)


def test_a_head_comes_in_from_outside() -> None:
    """What mmdet finds with it is found here too."""
    cfg = family_cfg('GFL')
    model = build(dict(cfg, type='FCOS', test_cfg=dict(cfg['test_cfg'], nms_pre=1000), bbox_head=dict(
        type='OutsideHead', num_classes=2, in_channels=32, feat_channels=32, stacked_convs=1, strides=STRIDES,
        norm_cfg=dict(type='GN', num_groups=8)))).eval()
    with torch.no_grad():
        model.bbox_head.conv_cls.bias.zero_()
        model.bbox_head.conv_cls.weight *= 40
        model.bbox_head.conv_reg.bias.fill_(2.0)  # sides of some pixels
    network, fields = detection_network(tiny_cfg(), model)
    images = pictures((64, 96), (50, 96))
    for found, expected in zip(found_by_network(network, fields, images), found_by_mmdet(model, images), strict=True):
        assert_same(found, expected)
        assert len(found.boxes) >= 5 and set(found.labels) == {0, 1}


def test_a_head_has_one_decoder() -> None:
    with pytest.raises(UserError, match=r"OutsideDecoder is registered for the head 'GFLHead', which .*GFLDecoder has"):
        register_decoder('GFLHead')(OutsideDecoder)

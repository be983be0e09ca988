"""Boxes from anchors by hand, what ATSS chooses, and all families in ONNX."""
import math
from pathlib import Path

import pytest
import torch

from detection_helpers import assert_same_in_onnx, family_cfg, tiny_detector
from mminspect.core.errors import UserError
from mminspect.inspection.networks.heads import build_decoder

HUGE = math.log(1000 / 16)


def box_by_hand(anchor: torch.Tensor, deltas: list[float]) -> list[float]:
    x0, y0, x1, y1 = anchor.tolist()
    dx, dy, dw, dh = deltas
    x, y, w, h = (x0 + x1) / 2 + dx * (x1 - x0), (y0 + y1) / 2 + dy * (y1 - y0), x1 - x0, y1 - y0
    w, h = w * math.exp(dw), h * math.exp(dh)
    return [x - w / 2, y - h / 2, x + w / 2, y + h / 2]


def test_boxes_by_hand() -> None:
    """ATSS divides by standard deviations of 0.1 and 0.2."""
    decoder = build_decoder(tiny_detector('ATSS').bbox_head, (64, 96))
    boxes = decoder.boxes(torch.tensor([1.0, -2.0, 3.0, -4.0]).expand(1, sum(decoder.level_sizes), 4))[0]
    for row in (0, 50, 100):
        assert boxes[row].tolist() == pytest.approx(box_by_hand(decoder.priors[row], [0.1, -0.2, 0.6, -0.8]), abs=1e-3)


def test_sides_grow_and_shrink_within_limits() -> None:
    decoder = build_decoder(tiny_detector('RetinaNet').bbox_head, (64, 96))
    boxes = decoder.boxes(torch.tensor([0.0, 0.0, 9.0, -9.0]).expand(1, sum(decoder.level_sizes), 4))[0]
    assert boxes[7].tolist() == pytest.approx(box_by_hand(decoder.priors[7], [0, 0, HUGE, -HUGE]), abs=1e-2)


def test_yolof_moves_a_centre_by_few_pixels_and_lets_boxes_vanish() -> None:
    decoder = build_decoder(tiny_detector('YOLOF').bbox_head, (64, 96))  # ctr_clamp=4
    boxes = decoder.boxes(torch.tensor([1.0, -0.01, 9.0, -9.0]).expand(1, sum(decoder.level_sizes), 4))[0]
    side = float(decoder.priors[3, 2] - decoder.priors[3, 0])
    assert side == 32 * 8
    expected = box_by_hand(decoder.priors[3], [4 / side, -0.01, HUGE, -9.0])
    assert boxes[3].tolist() == pytest.approx(expected, abs=1e-2)


def test_another_coder_is_refused() -> None:
    head = family_cfg('RetinaNet')['bbox_head']
    detector = tiny_detector('RetinaNet', bbox_head=dict(head, bbox_coder=dict(type='TBLRBBoxCoder')))
    with pytest.raises(UserError, match='codes boxes with TBLRBBoxCoder'):
        build_decoder(detector.bbox_head, (64, 96))


def test_atss_choice_by_class_score_and_rank_by_product() -> None:
    """Of each level the 40 best class scores above 0.3, whatever their centerness, times the centerness."""
    decoder = build_decoder(tiny_detector('ATSS').bbox_head, (64, 96))
    assert decoder.score_thr == 0
    logits, centerness = torch.randn(1, 129, 2), torch.randn(1, 129, 1)
    expected, start = torch.zeros(129, 2), 0
    for size in decoder.level_sizes:
        pairs = [(float(logits[0, row, label].sigmoid()), row, label) for row in range(start, start + size)
                 for label in range(2)]
        for score, row, label in sorted(pairs, reverse=True)[:40]:
            if score > 0.3:
                expected[row, label] = score * float(centerness[0, row].sigmoid())
        start += size
    scores = decoder.scores(logits, centerness)[0]
    assert torch.allclose(scores, expected)
    assert (scores[:96] > 0).sum() == 40 and (scores > 0).any(dim=1).sum() < 129
    assert ((scores > 0) & (scores < 0.3)).any(), 'some fall below the threshold by their centerness alone'


def test_gfl_boxes_by_hand() -> None:
    """Certain bins: left 1, top 2, right 3, below the mean of 4 and 5, in strides."""
    decoder = build_decoder(tiny_detector('GFL').bbox_head, (64, 96))
    logits = torch.full((1, sum(decoder.level_sizes), 4, 17), -100.0)
    for side, bins in enumerate(((1, ), (2, ), (3, ), (4, 5))):
        for index in bins:
            logits[:, :, side, index] = 0.0
    boxes = decoder.boxes(logits.flatten(2))[0]
    assert torch.allclose(boxes[13], torch.tensor([8 - 8, 8 - 16, 8 + 24, 8 + 36.0]))  # row 1, column 1 of stride 8
    assert torch.allclose(boxes[96], torch.tensor([-16.0, -32, 48, 72]))  # the first of stride 16


@pytest.mark.parametrize('family', ['RetinaNet', 'YOLOF', 'ATSS', 'GFL'])
def test_in_onnx(family: str, tmp_path: Path) -> None:
    assert_same_in_onnx(family, tmp_path)

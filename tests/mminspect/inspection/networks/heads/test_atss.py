"""What ATSS does not choose has score 0; in ONNX."""
from pathlib import Path

import torch

from detection_helpers import assert_same_in_onnx, tiny_detector
from mminspect.inspection.networks.heads import build_decoder


def test_choice_by_class_score_and_rank_by_product() -> None:
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


def test_in_onnx(tmp_path: Path) -> None:
    assert_same_in_onnx('ATSS', tmp_path)

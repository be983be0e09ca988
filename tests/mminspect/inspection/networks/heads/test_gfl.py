"""GFL's boxes by hand, and in ONNX."""
from pathlib import Path

import torch

from detection_helpers import assert_same_in_onnx, tiny_detector
from mminspect.inspection.networks.heads import build_decoder


def test_boxes_by_hand() -> None:
    """Certain bins: left 1, top 2, right 3, below the mean of 4 and 5, in strides."""
    decoder = build_decoder(tiny_detector('GFL').bbox_head, (64, 96))
    logits = torch.full((1, sum(decoder.level_sizes), 4, 17), -100.0)
    for side, bins in enumerate(((1, ), (2, ), (3, ), (4, 5))):
        for index in bins:
            logits[:, :, side, index] = 0.0
    boxes = decoder.boxes(logits.flatten(2))[0]
    assert torch.allclose(boxes[13], torch.tensor([8 - 8, 8 - 16, 8 + 24, 8 + 36.0]))  # row 1, column 1 of stride 8
    assert torch.allclose(boxes[96], torch.tensor([-16.0, -32, 48, 72]))  # the first of stride 16


def test_in_onnx(tmp_path: Path) -> None:
    assert_same_in_onnx('GFL', tmp_path)

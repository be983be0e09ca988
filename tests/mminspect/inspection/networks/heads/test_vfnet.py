"""VFNet without compiled operators predicts what mmdet's head predicts with them; in ONNX."""
from pathlib import Path

import pytest
import torch

from detection_helpers import assert_same_in_onnx, tiny_detector
from helpers import features
from mminspect.inspection.networks.heads import build_decoder


@pytest.mark.parametrize('unit', ['reg_denom', 'stride'])
def test_maps_are_those_of_mmdet(unit: str) -> None:
    head = tiny_detector('VFNet').bbox_head
    head.bbox_norm_type = unit
    maps = features()
    with torch.no_grad():
        ours, theirs = build_decoder(head, (64, 96)).maps(maps), head(maps)
    for level, expected in zip((*ours[0], *ours[1]), (*theirs[0], *theirs[1]), strict=True):
        torch.testing.assert_close(level, expected, atol=1e-3, rtol=1e-4)
    assert ours[1][0].std() > 0.5, 'boxes differ from pixel to pixel'


def test_in_onnx(tmp_path: Path) -> None:
    assert_same_in_onnx('VFNet', tmp_path)

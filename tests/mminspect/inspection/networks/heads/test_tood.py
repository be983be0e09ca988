"""TOOD without compiled operators predicts what mmdet's head predicts with them; in ONNX."""
from pathlib import Path

import pytest
import torch

from detection_helpers import assert_same_in_onnx, tiny_detector
from helpers import features
from mminspect.core.errors import UserError
from mminspect.inspection.networks.heads import build_decoder
from mminspect.inspection.networks.heads.sampling import Sampler
from mminspect.inspection.networks.heads.tood import _aligned


def test_maps_are_those_of_mmdet() -> None:
    head = tiny_detector('TOOD').bbox_head
    head.reg_offset_module[-1].weight.data *= 10  # pixels read their boxes elsewhere, some beyond the border
    maps = features()
    with torch.no_grad():
        ours, theirs = build_decoder(head, (64, 96)).maps(maps), head(maps)
    for level, expected in zip((*ours[0], *ours[1]), (*theirs[0], *theirs[1]), strict=True):
        torch.testing.assert_close(level, expected, atol=1e-4, rtol=1e-4)


def test_every_coordinate_has_its_own_offset_and_no_box_is_inverted() -> None:
    boxes = torch.tensor([[0.0, 0.0, 4.0, 4.0], [6.0, 1.0, 9.0, 5.0], [2.0, 2.0, 3.0, 3.0]]).T[None, :, None]
    offsets = torch.zeros(1, 8, 1, 3)
    offsets[0, 5, 0, 0] = 1  # the first pixel's x1 from its right neighbour
    offsets[0, 1, 0, 1] = -1  # the second's x0 from its left neighbour
    offsets[0, 1, 0, 2] = -1  # the third's x0 too: 6 is right of its x1
    moved = _aligned(boxes, offsets, Sampler(1, 3))[0, :, 0].T
    assert torch.allclose(moved, torch.tensor([[0.0, 0, 9, 4], [0, 1, 9, 5], [2, 2, 3, 3]]), atol=1e-5)


def test_anchor_based_is_refused() -> None:
    head = tiny_detector('TOOD').bbox_head
    head.anchor_type = 'anchor_based'
    with pytest.raises(UserError, match="use anchor_type='anchor_free'"):
        build_decoder(head, (64, 96))


def test_in_onnx(tmp_path: Path) -> None:
    assert_same_in_onnx('TOOD', tmp_path)

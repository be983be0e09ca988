"""Non-maximum suppression against plain loops and torchvision."""

from fractions import Fraction

import pytest
import torch
import torchvision
from mmcv.ops import batched_nms, nms, nms_match, soft_nms
from torch import Tensor

from mmcv_fallback import extension


def integer_boxes(count: int, size: int = 12) -> Tensor:
    """Return boxes (count, 4) with whole corners, so that IoUs are exact and often equal."""
    near = torch.randint(0, size, (count, 2))
    return torch.cat([near, near + torch.randint(1, size, (count, 2))], dim=1)


def iou(a: list, b: list, offset: int) -> Fraction | float:
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]) + offset)
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]) + offset)
    areas = [(box[2] - box[0] + offset) * (box[3] - box[1] + offset) for box in (a, b)]
    union = sum(areas) - width * height
    return Fraction(width * height, union) if isinstance(union, int) else width * height / union


def nms_loops(boxes: list, scores: list, threshold: Fraction, offset: int) -> list[int]:
    kept: list[int] = []
    for candidate in sorted(range(len(boxes)), key=lambda index: -scores[index]):
        if all(iou(boxes[candidate], boxes[index], offset) <= threshold for index in kept):
            kept.append(candidate)
    return kept


@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('threshold', ['0.1', '0.3', '0.6', '0.7'])
def test_nms_equals_loops(threshold: str, offset: int) -> None:
    torch.manual_seed(int(threshold[-1]))
    boxes, scores = integer_boxes(60), torch.randperm(60) / 60
    dets, kept = nms(boxes.float(), scores, float(threshold), offset=offset)
    expected = nms_loops(boxes.tolist(), scores.tolist(), Fraction(threshold), offset)
    assert 1 < len(expected) < 60
    assert kept.tolist() == expected
    assert torch.equal(dets, torch.cat([boxes, scores[:, None]], dim=1)[expected])


def test_box_exactly_at_the_threshold_is_kept() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 6]])
    scores = torch.tensor([0.9, 0.8])
    assert nms(boxes, scores, 0.6)[1].tolist() == [0, 1]
    # The reason for the rounding: torchvision compares a float32 IoU with a float64 threshold.
    assert torchvision.ops.nms(boxes, scores, 0.6).tolist() == [0]


def test_filters_of_mmcv_apply() -> None:
    boxes = torch.tensor([[0.0, 0, 9, 9], [20, 0, 29, 9], [40, 0, 49, 9], [0, 0, 9, 8]])
    scores = torch.tensor([0.2, 0.9, 0.05, 0.3])
    assert nms(boxes, scores, 0.5)[1].tolist() == [1, 3, 2]
    assert nms(boxes, scores, 0.5, score_threshold=0.1)[1].tolist() == [1, 3]
    assert nms(boxes, scores, 0.5, max_num=1)[1].tolist() == [1]
    assert nms(boxes.numpy(), scores.numpy(), 0.5)[1].tolist() == [1, 3, 2]


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float64])
def test_types_other_than_float32(dtype: torch.dtype) -> None:
    boxes = torch.tensor([[0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30]], dtype=dtype)
    dets, kept = nms(boxes, torch.tensor([0.5, 0.75, 0.25], dtype=dtype), 0.5)
    assert dets.dtype == dtype
    assert kept.tolist() == [1, 2]


def test_no_boxes() -> None:
    dets, kept = nms(torch.zeros(0, 4), torch.zeros(0), 0.5)
    assert dets.shape == (0, 5) and kept.shape == (0,) and kept.dtype == torch.int64
    assert soft_nms(torch.zeros(0, 4), torch.zeros(0))[0].shape == (0, 5)
    assert nms_match(torch.zeros(0, 5), 0.5) == []


@pytest.mark.parametrize('split_thr', [10, 10000])
def test_batched_nms_equals_torchvision(split_thr: int) -> None:
    torch.manual_seed(0)
    near = torch.rand(80, 2) * 50
    boxes = torch.cat([near, near + torch.rand(80, 2) * 40 + 1], dim=1)
    scores, classes = torch.rand(80), torch.randint(0, 3, (80,))
    config = dict(type='nms', iou_threshold=0.4, split_thr=split_thr)
    dets, kept = batched_nms(boxes, scores, classes, config)
    expected = torchvision.ops.batched_nms(boxes, scores, classes, 0.4)
    assert kept.tolist() == expected.tolist()
    assert torch.equal(dets[:, 4], scores[expected])


def soft_nms_loops(
    boxes: list, scores: list, threshold: float, sigma: float, low: float, method: str, offset: int
) -> list[tuple[int, float]]:
    """Return the index and score of each kept box, in the order they are picked."""
    remaining, kept = [[index, score] for index, score in enumerate(scores)], []
    while remaining:
        best = max(range(len(remaining)), key=lambda place: remaining[place][1])
        remaining[0], remaining[best] = remaining[best], remaining[0]
        top = remaining.pop(0)
        kept.append(tuple(top))
        place = 0
        for candidate in remaining:
            overlap = float(iou(boxes[top[0]], boxes[candidate[0]], offset))
            if method == 'gaussian':
                candidate[1] *= 2.718281828459045 ** (-(overlap**2) / sigma)
            elif overlap >= threshold:
                candidate[1] *= 1 - overlap if method == 'linear' else 0
        while place < len(remaining):
            if remaining[place][1] >= low:
                place += 1
                continue
            last = remaining.pop()
            if place < len(remaining):
                remaining[place] = last
    return kept


@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('method', ['linear', 'gaussian', 'naive'])
def test_soft_nms_equals_loops(method: str, offset: int) -> None:
    torch.manual_seed(3)
    boxes = integer_boxes(40)
    scores = torch.randint(1, 9, (40,)).double() / 8  # many equal scores: the order matters
    expected = soft_nms_loops(boxes.tolist(), scores.tolist(), 0.3, 0.5, 0.2, method, offset)
    dets, kept = soft_nms(boxes.double(), scores, 0.3, 0.5, 0.2, method=method, offset=offset)
    assert 1 < len(expected) < 40
    assert kept.tolist() == [index for index, _ in expected]
    assert torch.equal(dets[:, :4], boxes[kept].double())
    torch.testing.assert_close(dets[:, 4].tolist(), [score for _, score in expected])


def test_soft_nms_leaves_its_inputs_and_fills_the_buffer() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 8], [20, 20, 30, 30]])
    scores, dets = torch.tensor([0.5, 0.9, 0.7]), torch.full((3, 5), -1.0)
    inputs = boxes.clone(), scores.clone()
    kept = extension.softnms(boxes, scores, dets, 0.3, 0.5, 0.2, method=1, offset=0)
    assert torch.equal(boxes, inputs[0]) and torch.equal(scores, inputs[1])
    assert kept.tolist() == [1, 2]
    assert torch.equal(dets[:2, :4], boxes[[1, 2]])
    assert torch.equal(dets[2], torch.full((5,), -1.0))


def test_soft_nms_refuses_an_unknown_method() -> None:
    with pytest.raises(ValueError, match='not 3'):
        extension.softnms(torch.zeros(2, 4), torch.ones(2), torch.zeros(2, 5), 0.3, 0.5, 0, 3, 0)


def test_nms_match_groups_equal_loops() -> None:
    torch.manual_seed(4)
    boxes, scores = integer_boxes(40), torch.randperm(40) / 40
    groups: list[list[int]] = []
    for candidate in scores.argsort(descending=True).tolist():
        for group in groups:
            if iou(boxes[group[0]].tolist(), boxes[candidate].tolist(), 0) >= Fraction('0.3'):
                group.append(candidate)
                break
        else:
            groups.append([candidate])
    matched = nms_match(torch.cat([boxes, scores[:, None]], dim=1), 0.3)
    assert max(map(len, groups)) > 2
    assert [group.tolist() for group in matched] == groups

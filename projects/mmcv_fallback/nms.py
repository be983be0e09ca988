"""Non-maximum suppression with the signatures of mmcv's ``nms``, ``softnms`` and ``nms_match``.

The reference is ``mmcv/ops/csrc/pytorch/cpu/nms.cpp``, down to boxes exactly at a threshold. Among
equal scores mmcv's order is that of an unstable sort; here the first comes first.
"""

from __future__ import annotations

import ctypes

import torch
import torchvision  # noqa: F401  registers torch.ops.torchvision
from torch import Tensor

from .precision import compute_dtype

NAIVE, LINEAR, GAUSSIAN = 0, 1, 2
SCORE, AREA = 4, 5


@torch.no_grad()
def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """Greedy NMS: drop each box whose IoU with a better kept box exceeds the threshold.

    Args:
        boxes: (N, 4) as x1, y1, x2, y2, pixels.
        scores: (N,).
        iou_threshold: 0..1.
        offset: 0 or 1; a box is ``x2 - x1 + offset`` pixels wide.

    Returns:
        (K,) int64 indices of the kept boxes, best score first.
    """
    dtype = compute_dtype(boxes.dtype)
    boxes = boxes.to(dtype)
    if offset:
        # torchvision knows continuous boxes only; moving the far corner widens box and intersection
        # alike.
        boxes = boxes + boxes.new_tensor([0, 0, offset, offset])
    # mmcv takes the threshold as a C float. Unrounded, an IoU of exactly 0.6 would be dropped here
    # and kept there.
    threshold = ctypes.c_float(iou_threshold).value
    return torch.ops.torchvision.nms(boxes, scores.to(dtype), threshold)


@torch.no_grad()
def softnms(
    boxes: Tensor,
    scores: Tensor,
    dets: Tensor,
    iou_threshold: float,
    sigma: float,
    min_score: float,
    method: int,
    offset: int,
) -> Tensor:
    """Soft-NMS (https://arxiv.org/abs/1704.04503): lower the score of boxes that overlap a better
    one.

    Args:
        boxes: (N, 4) as x1, y1, x2, y2, pixels.
        scores: (N,).
        dets: (N, 5) buffer, written in place: its first K rows become the kept boxes with their new
            scores.
        iou_threshold: 0..1, unused by the gaussian method.
        sigma: of the gaussian method.
        min_score: a box whose score falls below it is dropped.
        method: 0 naive (score becomes 0), 1 linear, 2 gaussian.
        offset: 0 or 1; a box is ``x2 - x1 + offset`` pixels wide.

    Returns:
        (K,) int64 indices of the kept boxes in the order they were picked, the best remaining score
        each time.
    """
    boxes = boxes.to(compute_dtype(boxes.dtype))
    rows = torch.cat([boxes, scores.to(boxes)[:, None], _areas(boxes, offset)[:, None]], dim=1)
    order = torch.arange(len(rows), device=boxes.device)
    picked, alive = 0, len(rows)
    while picked < alive:
        best = picked + int(rows[picked:alive, SCORE].argmax())
        for table in (rows, order):
            table[[picked, best]] = table[[best, picked]]
        rest = slice(picked + 1, alive)
        overlaps = _overlaps(rows[picked], rows[rest], offset)
        rows[rest, SCORE] *= _decay(overlaps, iou_threshold, sigma, method)
        picked += 1
        alive = picked + _close_gaps(rows[rest], order[rest], min_score)
    dets[:alive] = rows[:alive, :AREA]
    return order[:alive]


@torch.no_grad()
def nms_match(dets: Tensor, iou_threshold: float) -> list[list[int]]:
    """Greedy NMS that returns each kept box together with the boxes it suppressed.

    Args:
        dets: (N, 5) as x1, y1, x2, y2 in pixels, score.
        iou_threshold: 0..1; unlike in :func:`nms`, a box at the threshold is suppressed.

    Returns:
        One list of indices per kept box, best score first in each.
    """
    dets = dets.to(compute_dtype(dets.dtype))
    rows = torch.cat([dets, _areas(dets, offset=0)[:, None]], dim=1)
    order = dets[:, SCORE].sort(descending=True, stable=True).indices
    matched = []
    while len(order):
        overlaps = _overlaps(rows[order[0]], rows[order[1:]], offset=0)
        suppressed = overlaps >= iou_threshold
        matched.append([int(order[0]), *order[1:][suppressed].tolist()])
        order = order[1:][~suppressed]
    return matched


def _areas(boxes: Tensor, offset: int) -> Tensor:
    """Return the areas (N,) of boxes (N, >=4)."""
    return (boxes[:, 2] - boxes[:, 0] + offset) * (boxes[:, 3] - boxes[:, 1] + offset)


def _overlaps(row: Tensor, rows: Tensor, offset: int) -> Tensor:
    """Return the IoU (M,) of a row (6,) with rows (M, 6) of x1, y1, x2, y2, score, area."""
    near = torch.maximum(row[:2], rows[:, :2])
    far = torch.minimum(row[2:4], rows[:, 2:4])
    intersection = (far - near + offset).clamp(min=0).prod(dim=1)
    return intersection / (row[AREA] + rows[:, AREA] - intersection)


def _decay(overlaps: Tensor, iou_threshold: float, sigma: float, method: int) -> Tensor:
    """Return the factors (M,) that soft-NMS multiplies scores with, for IoUs (M,)."""
    if method == GAUSSIAN:
        return torch.exp(-(overlaps * overlaps) / sigma)
    if method not in (NAIVE, LINEAR):
        raise ValueError(f'method must be 0 (naive), 1 (linear) or 2 (gaussian), not {method}')
    factors = 1 - overlaps if method == LINEAR else torch.zeros_like(overlaps)
    return torch.where(overlaps >= iou_threshold, factors, torch.ones_like(overlaps))


def _close_gaps(rows: Tensor, order: Tensor, min_score: float) -> int:
    """Move the rows (M, 6) that keep a score to the front, in place, and return how many they are.

    mmcv fills each gap with the last row that is still alive. The arrangement decides which of two
    equal scores is picked first, so it is kept.
    """
    dropped = rows[:, SCORE] < min_score
    alive = len(rows) - int(dropped.sum())
    gaps = dropped[:alive].nonzero().squeeze(1)
    movers = (~dropped[alive:]).nonzero().squeeze(1).flip(0) + alive
    rows[gaps], order[gaps] = rows[movers], order[movers]
    return alive

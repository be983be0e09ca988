"""The label assignment of a step, taken from the head's own loss instead of being computed twice."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from mmdet.utils import reduce_mean
from torch import Tensor, nn


@dataclass
class DenseTargets:
    """Assignment of every anchor; lists have one entry per level and are filled when the head computes its loss.

    Attributes:
        anchors: Boxes x1, y1, x2, y2 in input pixels, (N, A_l, 4).
        labels: Class 0..K-1 or K for background, (N, A_l).
        label_weights: 1 for anchors that count, 0 for those in the padding, (N, A_l).
        num_positives: Positives summed over the images, each image counting at least 1, averaged over the processes.
    """

    anchors: list[Tensor] = field(default_factory=list)
    labels: list[Tensor] = field(default_factory=list)
    label_weights: list[Tensor] = field(default_factory=list)
    num_positives: Tensor | None = None


@contextmanager
def recording_targets(head: nn.Module) -> Iterator[DenseTargets]:
    """Within the context, the next ``head.loss_by_feat`` call leaves its assignment in the yielded object."""
    targets = DenseTargets()
    get_anchors, get_targets = head.get_anchors, head.get_targets

    def record_anchors(*args: Any, **kwargs: Any) -> tuple:
        anchors, flags = get_anchors(*args, **kwargs)
        targets.anchors = [torch.stack(level) for level in zip(*anchors, strict=True)]
        return anchors, flags

    def record_targets(*args: Any, **kwargs: Any) -> tuple:
        result = get_targets(*args, **kwargs)
        # GFL and ATSS put the anchors in front of what AnchorHead returns: labels, label weights, ...
        labels_at = 1 if len(result) == 6 else 0
        targets.labels = list(result[labels_at])
        targets.label_weights = list(result[labels_at + 1])
        targets.num_positives = reduce_mean(targets.label_weights[0].new_tensor(float(result[labels_at + 4])))
        return result

    head.get_anchors, head.get_targets = record_anchors, record_targets
    try:
        yield targets
    finally:
        del head.get_anchors, head.get_targets

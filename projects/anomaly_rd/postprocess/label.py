"""From a score to a label."""
from __future__ import annotations

from collections.abc import Iterable

import torch

from mminspect.decisions import Threshold
from mminspect.models.anomaly_data_sample import AnomalyDataSample


def label_samples(samples: Iterable[AnomalyDataSample], threshold: Threshold) -> None:
    """Set ``pred_label`` (1 where ``pred_score`` exceeds the threshold, else 0) and ``threshold`` in place."""
    for sample in samples:
        sample.pred_label = torch.as_tensor(sample.pred_score > threshold.value).long()
        sample.threshold = threshold.value

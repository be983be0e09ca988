"""Names of values against those that the metric gives."""
from __future__ import annotations

import pytest
import torch

from anomaly_rd.evaluation import AnomalyMetric
from anomaly_rd.evaluation.value_names import anomaly_values
from mminspect.models.anomaly_data_sample import AnomalyDataSample


def sample(number: int) -> AnomalyDataSample:
    """Every other one has a defect of 16x16 pixels."""
    mask = torch.zeros(64, 64, dtype=torch.uint8)
    mask[8:24, 8:24] = number % 2
    made = AnomalyDataSample(metainfo=dict(img_path=f'{number}.png', sample_idx=number, ori_shape=(64, 64)))
    made.gt_label, made.gt_mask = torch.tensor(number % 2), mask
    made.anomaly_map = mask + torch.linspace(0, 1, 64)
    made.pred_score = made.anomaly_map.max()
    return made


@pytest.mark.parametrize('options', [{}, dict(metrics=['image_auroc']), dict(prefix='mine'), dict(pixels='anomalous'),
                                     dict(per_image_aupro=True), dict(size_edges=(1, 10))])
def test_names_are_those_of_the_values(options: dict) -> None:
    metric = AnomalyMetric(**options)
    metric.process(None, samples := [sample(number) for number in range(4)])
    found = metric.evaluate(len(samples))
    assert found and set(anomaly_values(dict(type='AnomalyMetric', **options))) == set(found)


def test_other_metrics_are_left_to_others() -> None:
    assert anomaly_values(dict(type='mmengine.DumpResults', out_file_path='x.pkl')) is None
    assert anomaly_values(dict(type='NobodyKnows')) is None

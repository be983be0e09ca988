import torch

from anomaly_rd.postprocess import label_samples
from mminspect.decisions import fit_threshold
from station_helpers import sample_of


def test_only_scores_above_the_threshold_are_anomalous():
    scores = torch.tensor([0.1, 0.3, 0.30000004])
    threshold = fit_threshold([float(scores[1]), 0.05])  # of the largest normal score, in float32 as the model gave it
    samples = [sample_of(torch.zeros(2, 2), pred_score=score) for score in scores]
    label_samples(samples, threshold)
    assert [int(sample.pred_label) for sample in samples] == [0, 0, 1]
    assert all(sample.threshold == threshold.value for sample in samples)
    assert samples[0].pred_label.dtype == torch.int64 and samples[0].pred_label.shape == ()

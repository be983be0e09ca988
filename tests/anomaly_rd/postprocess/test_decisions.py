"""The numbers of a prediction, and its label."""
import pytest
import torch

from anomaly_rd.postprocess import label_samples, normal_image
from mminspect.core.errors import UserError
from mminspect.decisions import NormalImage, fit_threshold
from station_helpers import sample_of


def test_extremes_of_every_map():
    heat = torch.tensor([[0.25, 0.5], [0.125, 0.375]])
    sample = sample_of(heat, [torch.tensor([[0.0, 4.0]]), torch.tensor([[1.0]])], pred_score=torch.tensor(7.0))
    assert normal_image(sample) == NormalImage(7.0, (0.125, 0.0, 1.0), (0.5, 4.0, 1.0))


def test_a_model_without_maps():
    sample = sample_of(torch.zeros(1, 1), pred_score=torch.tensor(7.0))
    del sample.anomaly_map
    assert normal_image(sample) == NormalImage(7.0)


def test_nan_names_the_image():
    heat = torch.zeros(4, 4)
    heat[1, 2] = float('nan')
    with pytest.raises(UserError, match=r'good/003\.png'):
        normal_image(sample_of(heat, img_path='good/003.png', pred_score=torch.tensor(0.0)))
    with pytest.raises(UserError, match=r'good/003\.png'):
        normal_image(sample_of(torch.zeros(4, 4), [torch.tensor([[1.0, float('inf')]])], img_path='good/003.png'))


def test_only_scores_above_the_threshold_are_anomalous():
    scores = torch.tensor([0.1, 0.3, 0.30000004])
    threshold = fit_threshold([float(scores[1]), 0.05])  # of the largest normal score, in float32 as the model gave it
    samples = [sample_of(torch.zeros(2, 2), pred_score=score) for score in scores]
    label_samples(samples, threshold)
    assert [int(sample.pred_label) for sample in samples] == [0, 0, 1]
    assert all(sample.threshold == threshold.value for sample in samples)
    assert samples[0].pred_label.dtype == torch.int64 and samples[0].pred_label.shape == ()

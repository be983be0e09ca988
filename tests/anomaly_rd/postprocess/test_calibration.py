"""Scales of maps, and what a checkpoint keeps."""
import pytest
import torch

from anomaly_rd.postprocess import NormalImage, calibrate
from mminspect.core.errors import UserError
from mminspect.decisions import MapScale, NormalScores, Threshold
from station_helpers import sample_of


def image(low, high, level):
    heat = torch.full((4, 4), (low + high) / 2)
    heat[0, 0], heat[3, 3] = low, high
    return NormalImage.of(sample_of(heat, [torch.tensor([[0.0, level]])]))


def test_limits_are_the_rule_on_the_largest_value_of_each_image():
    images = [image(0.1, 0.5, 1.0), image(0.05, 0.3, 4.0), image(0.2, 0.4, 2.0)]
    found = calibrate(images, 'quantile', 0.5, 'training images')
    assert found.threshold == Threshold(pytest.approx(0.4), 'training images', 3, 'quantile 0.5')
    assert found.scales == (MapScale(pytest.approx(0.05), pytest.approx(0.4)), MapScale(0.0, 2.0))
    assert found.scores == NormalScores.of([i.score for i in images], 'training images')


def test_pixels_have_a_limit_of_their_own_where_the_score_is_no_maximum():
    samples = [sample_of(torch.full((2, 2), value), pred_score=torch.tensor(100 * value)) for value in (0.25, 0.5)]
    found = calibrate([NormalImage.of(sample) for sample in samples], 'max')
    assert found.threshold.value == 50 and found.fused == MapScale(0.25, 0.5) and found.levels == ()


def test_nan_names_the_image():
    heat = torch.zeros(4, 4)
    heat[1, 2] = float('nan')
    with pytest.raises(UserError, match=r'good/003\.png'):
        NormalImage.of(sample_of(heat, img_path='good/003.png', pred_score=torch.tensor(0.0)))
    with pytest.raises(UserError, match=r'good/003\.png'):
        NormalImage.of(sample_of(torch.zeros(4, 4), [torch.tensor([[1.0, float('inf')]])], img_path='good/003.png'))

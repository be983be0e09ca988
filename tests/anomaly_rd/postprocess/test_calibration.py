"""Scales of maps, and what a checkpoint keeps."""
import io

import pytest
import torch
from anomaly_rd.postprocess import Calibration, MapScale, NormalImage, Threshold, calibrate
from mminspect.errors import UserError
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


def test_pixels_have_a_limit_of_their_own_where_the_score_is_no_maximum():
    samples = [sample_of(torch.full((2, 2), value), pred_score=torch.tensor(100 * value)) for value in (0.25, 0.5)]
    found = calibrate([NormalImage.of(sample) for sample in samples], 'max')
    assert found.threshold.value == 50 and found.fused == MapScale(0.25, 0.5) and found.levels == ()


def test_the_limit_is_in_the_middle_of_the_colours():
    scale = MapScale(0.1, 0.4)
    assert scale.high == pytest.approx(0.7)
    assert MapScale(0.2, 0.2).high > 0.2  # maps that are constant still have a scale


def test_state_is_plain_and_comes_back():
    before = calibrate([image(0.1, 0.5, 1.0), image(0.05, 0.3, 4.0)])
    file = io.BytesIO()
    torch.save(before.state(), file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    assert Calibration.from_state(state) == before
    assert {'value', 'origin', 'count', 'rule'} <= state.keys() and isinstance(state['value'], float)


@pytest.mark.parametrize('damage', [dict(value='high'), dict(map=None), dict(level_maps=[dict(low=0)])])
def test_damaged_state(damage):
    state = dict(calibrate([image(0, 1, 1)]).state(), **damage)
    with pytest.raises(UserError, match='damaged'):
        Calibration.from_state(state)


def test_a_missing_entry_is_named():
    state = calibrate([image(0, 1, 1)]).state()
    del state['origin']
    with pytest.raises(UserError, match='origin'):
        Calibration.from_state(state)


def test_nan_names_the_image():
    heat = torch.zeros(4, 4)
    heat[1, 2] = float('nan')
    with pytest.raises(UserError, match=r'good/003\.png'):
        NormalImage.of(sample_of(heat, img_path='good/003.png', pred_score=torch.tensor(0.0)))
    with pytest.raises(UserError, match=r'good/003\.png'):
        NormalImage.of(sample_of(torch.zeros(4, 4), [torch.tensor([[1.0, float('inf')]])], img_path='good/003.png'))

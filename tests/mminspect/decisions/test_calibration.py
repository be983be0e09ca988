"""What a checkpoint keeps of a calibration."""
import io
import json

import numpy as np
import pytest
import torch

from mminspect.core.errors import UserError
from mminspect.decisions import Calibration, MapScale, NormalScores, Threshold

FULL = Calibration(Threshold(0.5, 'hold-out normal images', 2, 'quantile 0.995'), MapScale(0.1, 0.5),
                   (MapScale(0.0, 1.0), MapScale(0.0, 4.0)), NormalScores((0.25, 0.5)), dict(fusion='sum', sigma='4'),
                   64, 8)
DETECTOR = Calibration(Threshold(0.3, 'given', 0))


def test_the_limit_is_in_the_middle_of_the_colours():
    scale = MapScale(0.1, 0.4)
    assert scale.high == pytest.approx(0.7)
    assert MapScale(0.2, 0.2).high > 0.2  # maps that are constant still have a scale


def test_steps_of_the_colour_scale():
    heat = np.array([[-1, 0.25, 0.5], [0.625, 0.75, 9]], np.float32)
    assert MapScale(0.25, 0.5).steps(heat).tolist() == [[0, 0, 127], [191, 255, 255]]  # from 0.25 to 0.75


def test_an_overlay_shows_the_upper_half_of_the_scale_alone():
    heat = np.array([[-1, 0.25, 0.5], [0.5001, 0.75, 9], [0.625, np.nan, 0.499]], np.float32)
    assert MapScale(0.25, 0.5).steps_above(heat).tolist() == [[0, 0, 0], [128, 255, 255], [191, 0, 0]]
    assert MapScale(0.2, 0.2).steps_above(np.float32([0.2, 0.3])).tolist() == [0, 255]


@pytest.mark.parametrize('before', [FULL, DETECTOR])
def test_state_is_plain_and_comes_back(before):
    file = io.BytesIO()
    torch.save(before.state(), file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    assert Calibration.from_state(state) == before
    assert Calibration.from_state(json.loads(json.dumps(state))) == before
    assert {'value', 'origin', 'count', 'rule'} <= state.keys() and isinstance(state['value'], float)


def test_scales_are_those_of_the_maps():
    assert FULL.scales == (MapScale(0.1, 0.5), MapScale(0.0, 1.0), MapScale(0.0, 4.0)) and DETECTOR.scales == ()


def test_a_state_without_scores_or_settings_is_an_older_one():
    state = FULL.state()
    for name in ('scores', 'settings', 'tile', 'overlap'):
        del state[name]
    older = Calibration.from_state(state)
    assert older.scores is older.tile is older.overlap is None and older.differences(dict(fusion='prod')) == []


def test_settings_of_other_maps_are_told():
    assert FULL.differences(dict(sigma='4', fusion='sum')) == [] and hash(FULL) == hash(FULL)
    assert FULL.differences(dict(fusion='prod', topk='3')) == [
        'fusion is prod, was sum', 'sigma is not there, was 4', 'topk is 3, was not there']


@pytest.mark.parametrize('damage', [dict(value='high'), dict(map=3), dict(level_maps=[dict(low=0)]),
                                    dict(scores=dict(values=[1])), dict(scores=[1.0]), dict(settings=[1]),
                                    dict(tile='wide')])
def test_damaged_state(damage):
    with pytest.raises(UserError, match='damaged'):
        Calibration.from_state(dict(FULL.state(), **damage))


def test_a_missing_entry_is_named():
    state = FULL.state()
    del state['origin']
    with pytest.raises(UserError, match='origin'):
        Calibration.from_state(state)

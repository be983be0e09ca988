"""Latency with a clock that the model itself moves, and once with a real detector."""
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from torch import nn

from mminspect.core.errors import UserError
from mminspect.experiments import latency
from mminspect.models.anomaly_model import AnomalyModel, Maps
from mminspect.models.building import load_model

CONFIGS = Path(__file__).parents[3] / 'configs'


class Clockwork(nn.Module):
    """Takes the given numbers of milliseconds, one after another."""

    def __init__(self, durations):
        super().__init__()
        self.weight, self.durations, self.now, self.seen = nn.Parameter(torch.zeros(1)), list(durations), 5.0, []

    def test_step(self, data):
        assert not torch.is_grad_enabled()
        self.seen.append(int(data['inputs'][0].sum()))
        self.now += self.durations.pop(0) / 1000


def test_percentiles_and_rate(monkeypatch):
    model = Clockwork([900, 900, *range(1, 101)])
    monkeypatch.setattr(latency.time, 'perf_counter', lambda: model.now)
    result = latency.measure(model, latency.random_images((4, 6)), count=100, warmup=2)
    assert result.milliseconds == pytest.approx(tuple(range(1, 101)))
    assert result.p50 == pytest.approx(50.5) and result.p95 == pytest.approx(95.05)
    assert result.fps == pytest.approx(100 / 5.05)  # not the mean of the rates, which is above 50
    assert (result.sizes, result.warmup, result.threads) == (((4, 6), ), 2, torch.get_num_threads())


def test_images_take_turns(monkeypatch):
    model = Clockwork([1] * 5)
    images = latency.random_images((4, 6), 2)
    latency.measure(model, images, count=4, warmup=1)
    a, b = (int(data['inputs'][0].sum()) for data in images)
    assert a != b and model.seen == [a, b, a, b, a]


def test_counts_are_checked():
    for count, warmup in ((0, 0), (1, -1)):
        with pytest.raises(UserError, match='at least 1 image'):
            latency.measure(Clockwork([]), latency.random_images((4, 6)), count, warmup)
    with pytest.raises(UserError, match='at least 1 pixel'):
        latency.random_images((0, 6))


def test_the_report_names_all_that_the_numbers_depend_on():
    result = latency.Latency((10.0, 30.0), ((4, 6), (5, 9)), 'Some GPU', 3, 7)
    text = latency.report(result, 'a.py', 'b.pth')
    for part in ('20.0 ms (p50)', '29.0 ms (p95)', '50.00 images per second', '4..5 x 6..9', 'Some GPU',
                 '3 CPU threads', '2, after 7', 'b.pth', 'NMS', 'reading', 'a.py'):
        assert part in text


@pytest.fixture
def cfg(tmp_path):
    """A slim detector and a test set of three images of 40x60 pixels that its pipeline doubles."""
    (tmp_path / 'images').mkdir()
    for i in range(3):
        cv2.imwrite(str(tmp_path / 'images' / f'{i}.png'), np.full((40, 60, 3), 60 * i, np.uint8))
    (tmp_path / 'a.json').write_text(json.dumps(dict(
        images=[dict(id=i, file_name=f'{i}.png', height=40, width=60) for i in range(3)],
        annotations=[dict(id=1, image_id=0, category_id=1, bbox=[5, 5, 9, 9], area=81, iscrowd=0)],
        categories=[dict(id=1, name='foreign')])))
    path = tmp_path / 'tiny.py'
    path.write_text(f'''
_base_ = ['{CONFIGS}/fdrd/_base_/gfl_r18.py', '{CONFIGS}/_base_/datasets/coco_detection.py']
default_scope = 'mmdet'
model = dict(backbone=dict(base_channels=8), neck=dict(in_channels=[8, 16, 32, 64], out_channels=64),
             bbox_head=dict(in_channels=64, feat_channels=64))
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = (120, 80)
test_dataloader = dict(dataset=dict(data_root='{tmp_path}', ann_file='a.json', data_prefix=dict(img='images/'),
                                    pipeline=test_pipeline))
''')
    return Config.fromfile(path)


def test_a_real_detector_on_its_test_set(cfg):
    images = latency.dataset_images(cfg, 50)
    assert [len(data['inputs']) for data in images] == [1, 1, 1]
    assert [int(data['inputs'][0].max()) for data in images] == [0, 60, 120]
    result = latency.measure(load_model(cfg, None), images, count=2, warmup=1)
    assert result.sizes == ((80, 120), ) and len(result.milliseconds) == 2 and min(result.milliseconds) > 0


def test_no_test_set(cfg):
    cfg.test_dataloader = None
    with pytest.raises(UserError, match='has no test_dataloader'):
        latency.dataset_images(cfg, 1)


class Still(AnomalyModel):
    """Has no parameter."""

    def score_maps(self, inputs):
        return Maps(inputs.amax((1, 2, 3)))


def test_a_model_without_parameters_has_a_latency():
    model = Still(dict(type='mmengine.ImgDataPreprocessor', mean=[0.0] * 3, std=[1.0] * 3))
    result = latency.measure(model, latency.random_images((4, 6)), count=2, warmup=0)
    assert len(result.milliseconds) == 2


def test_what_is_included_hangs_on_the_contract_of_the_model():
    assert 'anomaly map' in latency.included_in(Still()) and 'NMS' not in latency.included_in(Still())
    assert 'NMS' in latency.included_in(Clockwork([]))

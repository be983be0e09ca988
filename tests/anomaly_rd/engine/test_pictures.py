"""Pictures in real test runs of a model whose anomaly map is the brightness."""
import shutil

import cv2
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from mmengine.runner import Runner

from anomaly_rd.engine import AnomalyPicturesHook
from anomaly_rd.engine import pictures as module
from anomaly_rd.engine.pictures import evenly_spaced, title_of
from mminspect.core.errors import UserError
from mminspect.decisions import MapScale
from mminspect.models.anomaly_data_sample import AnomalyDataSample
from station_helpers import runner_cfg, write_category

HOOKS = [dict(type='ThresholdHook', rule='max'), dict(type='AnomalyPicturesHook', out_dir='pictures')]


@pytest.fixture
def root(tmp_path):
    write_category(tmp_path / 'data')
    return tmp_path / 'data'


@pytest.fixture
def panels(monkeypatch):
    """Arguments of every panel, by name of the picture; empty figures are drawn in place of all, which is faster."""
    drawn = {}
    monkeypatch.setattr(module, 'draw_panel', lambda picture, *arguments: (
        drawn.update({picture.name: (picture, *arguments)}), Figure())[1])
    for name in ('draw_curves', 'draw_histogram'):
        monkeypatch.setattr(module, name, lambda *arguments, name=name: (drawn.update({name: arguments}), Figure())[1])
    return drawn


def test_run(root, work_dir, hooks=HOOKS, checkpoint=None, **more):
    runner = Runner.from_cfg(runner_cfg(root, work_dir, hooks, load_from=checkpoint and str(checkpoint), **more))
    return runner.test()


test_run.__test__ = False


def train(root, work_dir):
    Runner.from_cfg(runner_cfg(root, work_dir, [HOOKS[0]], epochs=1)).train()
    return work_dir / 'epoch_1.pth'


def test_files(root, tmp_path):
    hooks = [HOOKS[0], dict(HOOKS[1], max_images=2)]
    test_run(root, tmp_path / 'test', hooks, checkpoint=train(root, tmp_path / 'run'))
    folder = tmp_path / 'test' / 'pictures'
    assert sorted(path.name for path in folder.iterdir()) == [
        '0000_good_000.png', '0004_spot_002.png', 'curves.png', 'histogram.png']
    assert all(cv2.imread(str(path)).std() > 10 for path in folder.iterdir())


def test_calibrated_scales(root, tmp_path, panels):
    test_run(root, tmp_path / 'test', checkpoint=train(root, tmp_path / 'run'))
    found = [arguments for name, arguments in panels.items() if name.endswith('.png')]
    assert len(found) == 5
    for picture, scales, threshold, limit in found:
        # good training images are 40 ... 70
        assert (scales[0].low, scales[0].limit) == pytest.approx((40 / 255, 70 / 255))
        assert limit == pytest.approx(70 / 255) and threshold.origin == 'training images'
        assert len(scales) == 3 == 1 + len(picture.level_maps)


def test_the_picture_is_the_networks_input_with_its_truth(root, tmp_path, panels):
    test_run(root, tmp_path / 'test')
    picture = panels['spot/001.png'][0]
    assert np.array_equal(picture.image[..., 0], cv2.imread(str(root / 'plate/test/spot/001.png'))[..., 0])
    assert picture.gt_mask.sum() == 64 and picture.gt_label == 1
    assert picture.score == pytest.approx(200 / 255)
    assert panels['good/000.png'][0].gt_mask.sum() == 0


def test_without_calibration_the_scale_spans_the_whole_test_set(root, tmp_path, panels):
    hook = dict(HOOKS[1], max_images=1)  # not only the drawn ones
    test_run(root, tmp_path / 'test', [hook])
    _, scales, threshold, limit = panels['good/000.png']
    assert 'spot/000.png' not in panels
    assert (scales[0].low, scales[0].high) == pytest.approx((45 / 255, 240 / 255))
    assert (scales[2].low, scales[2].high) == pytest.approx((45 / 255 / 4, 240 / 255 / 4))
    assert threshold is None and limit is None


def test_chosen_images_are_spread_over_the_set(root, tmp_path, panels):
    test_run(root, tmp_path / 'test', [dict(HOOKS[1], max_images=3)])
    names = sorted(path.name for path in (tmp_path / 'test' / 'pictures').glob('0*.png'))
    assert names == ['0000_good_000.png', '0002_spot_000.png', '0004_spot_002.png']
    assert evenly_spaced(5, 3) == [0, 2, 4] and evenly_spaced(3, 10) == [0, 1, 2]
    assert evenly_spaced(9, 0) == [] and evenly_spaced(9, 1) == [0]
    with pytest.raises(UserError, match='max_images'):
        AnomalyPicturesHook(max_images=-1)


def test_curves_and_histogram_show_what_the_metric_measured(root, tmp_path, panels):
    metrics = test_run(root, tmp_path / 'test', checkpoint=train(root, tmp_path / 'run'))
    curves, given = panels['draw_curves']
    assert set(curves) == {'image_roc', 'image_pr', 'pixel_roc', 'pixel_pr', 'pro'} and given == metrics
    scores, labels, (threshold, oracle) = panels['draw_histogram']
    assert sorted(scores * 255) == pytest.approx([45, 75, 160, 200, 240]) and labels.sum() == 3
    assert threshold.value == pytest.approx(70 / 255) and threshold.origin == 'training images'
    assert oracle.value == pytest.approx(75 / 255) and oracle.origin == 'oracle'


@pytest.mark.parametrize('prefix', [None, 'tile'])
def test_curves_have_the_values_of_their_own_metric(root, tmp_path, panels, prefix):
    drawn = dict(type='AnomalyMetric', prefix=prefix, metrics=('image_auroc', 'pixel_ap'))
    other = dict(type='AnomalyMetric', prefix='scan', metrics=('image_auroc', 'image_ap'))
    metrics = test_run(root, tmp_path / 'test', HOOKS[1:], test_evaluator=[drawn, other])
    assert len(metrics) == 4 and set(panels['draw_curves'][1]) == {'image_auroc', 'pixel_ap'}


def test_a_tile_is_named_after_its_place():
    tile = AnomalyDataSample(metainfo=dict(img_path='data/test/good/0.png', tile=(512, 1024, 768, 1280)))
    assert title_of(tile) == 'good/0_y512_x1024.png'
    assert title_of(AnomalyDataSample(metainfo=dict(img_path='data/test/good/0.png'))) == 'good/0.png'


def test_one_kind_of_images_draws_no_oracle(root, tmp_path, panels):
    shutil.rmtree(root / 'plate/test/spot')
    shutil.rmtree(root / 'plate/ground_truth')
    test_run(root, tmp_path / 'test')
    assert panels['draw_histogram'][2] == []


def test_another_metric_draws_no_curves(root, tmp_path, panels):
    evaluator = dict(type='DumpResults', out_file_path=str(tmp_path / 'results.pkl'))
    test_run(root, tmp_path / 'test', test_evaluator=evaluator)
    assert len(panels) == 5 and 'draw_curves' not in panels


def test_a_second_test_starts_anew(root, tmp_path, panels):
    runner = Runner.from_cfg(runner_cfg(root, tmp_path / 'test', HOOKS[1:]))
    runner.test()
    first = panels['spot/000.png'][1]
    runner.model.gain.data.mul_(0.5)
    runner.test()
    assert panels['spot/000.png'][1][0].high == pytest.approx(first[0].high / 2)


def test_processes_agree_on_the_scales(monkeypatch):
    def all_reduce(bounds, op):
        assert op == 'max'
        bounds.copy_(torch.maximum(bounds, torch.tensor([[-0.1, 0.6], [0.5, 1.0]], dtype=torch.float64)))

    monkeypatch.setattr(module, 'get_world_size', lambda: 2)
    monkeypatch.setattr(module, 'all_reduce', all_reduce)  # the other process has 0.1 ... 0.6 and -0.5 ... 1.0
    fused, level = module._gathered([MapScale(0.2, 0.5), MapScale(-1.0, 0.0)])
    assert (fused.low, fused.high, level.low, level.high) == pytest.approx((0.1, 0.8, -1.0, 1.0))

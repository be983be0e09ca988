"""What is drawn, read back from matplotlib's objects and from the pixels."""
import dataclasses
import warnings

import numpy as np
import pytest
import torch

from anomaly_rd.visualization import Picture, draw_panel, figure_array, scales_of
from anomaly_rd.visualization.panel import KEPT, OPACITY, caption
from mminspect.decisions import MapScale, Threshold
from mminspect.vision import fonts
from station_helpers import sample_of

SCALES = (MapScale(0.0, 0.5), MapScale(0.0, 1.0), MapScale(0.0, 2.0))
THRESHOLD = Threshold(0.5, 'hold-out normal images', 20, 'quantile 0.995')


def picture(peak=0.9, mask=True, levels=2):
    heat = torch.full((32, 48), 0.1)
    heat[10:20, 10:20] = peak
    fields = dict(gt_mask=(heat > 0.5).to(torch.uint8), gt_label=torch.tensor(1)) if mask else {}
    sample = sample_of(heat, [torch.rand(8, 12), torch.rand(4, 6)][:levels], **fields)
    return Picture.of('hole/003.png', torch.full((3, 32, 48), 100, dtype=torch.uint8), sample)


def axis(figure, title):
    return next(a for a in figure.axes if a.get_title().startswith(title))


def test_the_colour_scale_is_the_same_for_a_weak_and_a_strong_map():
    weak, strong = (draw_panel(picture(peak), SCALES, THRESHOLD, 0.5) for peak in (0.2, 0.9))
    for figure in (weak, strong):
        for title, high in (('anomaly map', 1.0), ('level 1', 2.0), ('level 2', 4.0)):
            assert axis(figure, title).images[0].get_clim() == (0.0, high)
        assert axis(figure, 'overlay').images[1].get_clim() == (0.0, 1.0)
    background = [axis(figure, 'anomaly map').images[0] for figure in (weak, strong)]
    colours = [shown.to_rgba(shown.get_array())[0, 0].tolist() for shown in background]
    assert colours[0] == colours[1]  # 0.1 is 0.1, however large the peak


def test_the_overlay_leaves_the_image_as_it_is_up_to_the_limit():
    overlay = axis(draw_panel(picture(0.9), SCALES, THRESHOLD, 0.5), 'overlay')
    image, heat = overlay.images
    assert (image.get_array() == 100).all() and image.get_array().shape == (32, 48, 3)
    expected = np.zeros((32, 48))
    expected[10:20, 10:20] = OPACITY
    np.testing.assert_array_equal(heat.get_alpha(), expected)
    normal, unknown = (axis(draw_panel(picture(0.4), SCALES, *limits), 'overlay').images[1].get_alpha()
                       for limits in ((THRESHOLD, 0.5), (None, None)))
    assert not np.any(normal) and unknown == OPACITY  # without a calibration nobody knows what is normal


def test_contour_only_where_the_limit_is_exceeded():
    def lines(peak, limit):
        return len(axis(draw_panel(picture(peak), SCALES, THRESHOLD, limit), 'overlay').collections)

    assert lines(0.9, 0.5) == 2 and lines(0.4, 0.5) == 0 and lines(0.9, None) == 0
    contour = axis(draw_panel(picture(0.9), SCALES, THRESHOLD, 0.5), 'overlay').collections[0]
    x, y = contour.get_paths()[0].vertices.T
    assert 9 <= x.min() <= 10 and 19 <= x.max() <= 20 and 9 <= y.min() <= 10 and 19 <= y.max() <= 20
    assert contour.levels.tolist() == [0.5]


def test_ground_truth():
    figure = draw_panel(picture(), SCALES)
    assert len(axis(figure, 'ground truth').collections) == 1
    figure = draw_panel(picture(mask=False), SCALES)
    assert axis(figure, 'ground truth').get_title() == 'ground truth: no mask'
    assert not axis(figure, 'ground truth').collections


def test_level_maps_without_a_scale_are_left_out():
    """What tools/calibrate.py leaves of a checkpoint that had no calibration."""
    figure = draw_panel(picture(levels=2), SCALES[:1], THRESHOLD, 0.5)
    assert not [a for a in figure.axes if a.get_title().startswith('level 1')]
    expected = draw_panel(picture(levels=0), SCALES[:1], THRESHOLD, 0.5)
    np.testing.assert_array_equal(figure_array(figure), figure_array(expected))


def test_without_level_maps_there_is_one_row():
    one, two = (figure_array(draw_panel(picture(levels=n), SCALES[:n + 1])) for n in (0, 2))
    assert one.shape[1] == two.shape[1] and one.shape[0] < two.shape[0]
    assert one.dtype == np.uint8 and one.shape[2] == 3


def test_caption():
    assert caption(picture(0.9), THRESHOLD) == (
        'hole/003.png   |   score 0.9 > threshold 0.5 (hold-out normal images: quantile 0.995, 20 images): defective'
        '   |   truth: defective')
    said = caption(dataclasses.replace(picture(0.5), gt_label=0), THRESHOLD)
    assert ' <= threshold 0.5 ' in said and '): good   |   truth: good' in said
    assert caption(picture(0.9, mask=False), None) == 'hole/003.png   |   score 0.9'


def test_pictures_are_kept_small_and_in_rgb():
    sample = sample_of(torch.rand(300, 1200), gt_mask=torch.ones(600, 2400, dtype=torch.uint8))
    image = torch.zeros(3, 300, 1200)
    image[0] = 300.0  # a deep source may overshoot
    kept = Picture.of('a', image, sample)
    assert kept.image.shape == (KEPT // 4, KEPT, 3) and kept.image[0, 0].tolist() == [255, 0, 0]
    assert kept.anomaly_map.shape == kept.gt_mask.shape == (KEPT // 4, KEPT)
    assert kept.anomaly_map.mean() == pytest.approx(float(sample.anomaly_map.mean()), abs=1e-3)
    assert kept.gt_label is None and kept.level_maps == ()
    array = np.zeros((600, 2400, 3), np.uint8)
    array[..., 2] = 7
    assert Picture.of('a', array, sample).image[5, 5].tolist() == [0, 0, 7]


def test_scales_of_a_set_span_all_of_its_maps():
    samples = [sample_of(torch.tensor([[0.2, 0.4]]), [torch.tensor([[1.0]])]),
               sample_of(torch.tensor([[0.3, 0.9]]), [torch.tensor([[-1.0]])])]
    fused, level = scales_of(samples)
    assert (fused.low, fused.high) == pytest.approx((0.2, 0.9))
    assert (level.low, level.high) == pytest.approx((-1.0, 1.0))


def test_titles_in_any_script(monkeypatch):
    def rendered(name):
        return figure_array(draw_panel(dataclasses.replace(picture(), name=name), SCALES, THRESHOLD, 0.5))

    for _ in range(2):  # with a font, if there is one, and without
        with warnings.catch_warnings():
            warnings.simplefilter('error')  # of matplotlib, about letters that are missing
            assert (rendered('划痕/003.png') != rendered('脏污/003.png')).any()
            assert (rendered('a$b$.png') != rendered('a$ b$.png')).any(), 'in a formula a space is nothing'
        monkeypatch.setattr(fonts, 'find_fonts', lambda text: None)

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from anomaly_rd.visualization import draw_curves

X = np.linspace(0, 1, 5)
NAMES = ('image_roc', 'image_pr', 'pixel_roc', 'pixel_pr', 'pro')


def test_one_panel_per_kind_with_metrics_in_the_legend():
    metrics = dict(image_auroc=0.5, pixel_auroc=0.75, image_ap=0.25, pixel_ap=float('nan'), aupro=0.875)
    roc, pr, pro = draw_curves({name: (X, X**2) for name in NAMES}, metrics).axes
    texts = [[text.get_text() for text in axis.get_legend().get_texts()] for axis in (roc, pr, pro)]
    assert texts[0] == ['image: image_auroc 0.5000', 'pixel: pixel_auroc 0.7500']
    assert texts[1] == ['image: image_ap 0.2500', 'pixel: pixel_ap n/a']
    assert texts[2][0] == 'regions: aupro 0.8750'
    assert np.array_equal(pro.lines[0].get_xydata(), np.stack([X, X**2], axis=1))
    assert pr.lines[0].get_drawstyle() == 'steps-pre'  # as average precision sums it


def test_what_is_undefined_is_left_out():
    empty = np.empty(0)
    figure = draw_curves(dict(image_roc=(X, X), pixel_roc=(empty, empty), pro=(empty, empty)))
    assert len(figure.axes) == 1 and len(figure.axes[0].get_legend().get_texts()) == 1
    figure = draw_curves(dict(image_roc=(empty, empty)))
    assert not figure.axes and 'no curve is defined' in figure.texts[0].get_text()


def test_unknown_kind():
    with pytest.raises(ValueError, match='image_det'):
        draw_curves(dict(image_det=(X, X)))


def test_titles_are_inside_of_the_picture():
    x = np.linspace(0, 1, 5)
    figure = draw_curves(dict(image_roc=(x, x), image_pr=(x, x), pro=(x, x)))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    for axis in figure.axes:
        assert axis.title.get_window_extent(canvas.get_renderer()).y1 < figure.bbox.y1

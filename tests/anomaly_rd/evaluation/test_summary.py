"""Names of the metrics, and curves of few points."""
import numpy as np

from anomaly_rd.evaluation import METRIC_NAMES
from anomaly_rd.evaluation.summary import IMAGE_METRICS, PIXEL_METRICS, thin_curve


def test_every_metric_is_named_once():
    assert sorted(METRIC_NAMES) == sorted([*IMAGE_METRICS, *PIXEL_METRICS])


def test_thin_keeps_ends_shape_and_steep_parts():
    x = np.linspace(0, 1, 100_001)
    y = x**0.05  # nearly vertical at 0
    few_x, few_y = thin_curve(x, y)
    assert len(few_x) <= 1000
    assert (few_x[0], few_y[0], few_x[-1], few_y[-1]) == (0, 0, 1, 1)
    assert np.abs(np.interp(x, few_x, few_y) - y).max() < 0.003
    assert np.isin(few_x, x).all()


def test_few_points_stay():
    x = np.arange(10.0)
    assert thin_curve(x, x)[0] is x

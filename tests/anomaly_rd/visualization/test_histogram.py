import numpy as np

from anomaly_rd.visualization import draw_histogram
from mminspect.decisions import ORACLE, Threshold


def test_counts_and_lines():
    scores, labels = np.array([0.1, 0.2, 0.3, 0.35, 0.3, 0.6, 0.9]), np.array([0, 0, 0, 0, 1, 1, 1])
    given, oracle = Threshold(0.3, 'hold-out normal images', 9, 'max'), Threshold(0.4, 'oracle', 7, 'F1-max')
    figure = draw_histogram(scores, labels, [given, oracle], bins=8)
    axis = figure.axes[0]
    normal, anomalous = axis.containers
    assert np.array_equal([bar.get_height() for bar in normal], np.histogram(scores[:4], 8, (0.1, 0.9))[0])
    assert np.array_equal([bar.get_height() for bar in anomalous], np.histogram(scores[4:], 8, (0.1, 0.9))[0])
    assert [line.get_xdata()[0] for line in axis.lines] == [0.3, (0.35 + 0.6) / 2]
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert {'good (4)', 'defective (3)'} <= {*texts}
    first, second = (text for text in texts if text.startswith('threshold'))
    assert '1 of 3 missed, 1 of 4 false alarms' in first and 'hold-out normal images' in first
    assert '1 of 3 missed, 0 of 4 false alarms' in second and 'oracle' in second


def test_one_kind_and_one_score():
    axis = draw_histogram([0.5, 0.5], [0, 0]).axes[0]
    assert sum(bar.get_height() for bar in axis.containers[0]) == 2


def test_whole_images_and_an_oracle_between_two_scores():
    figure = draw_histogram([0, 1, 2, 4], [0, 0, 0, 1], [Threshold(2.0, ORACLE, 4, 'F1'), Threshold(1.0, 'a', 4, 'b')])
    axis, = figure.axes
    assert [line.get_xdata()[0] for line in axis.lines] == [3.0, 1.0]
    assert all(float(tick).is_integer() for tick in axis.get_yticks())

"""Average precision and F1 against scikit-learn."""
import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, precision_recall_curve

from anomaly_rd.evaluation.functional import average_precision, f1_max
from anomaly_rd.evaluation.functional import precision_recall_curve as our_curve
from mminspect.core.errors import UserError


@pytest.mark.parametrize('decimals', [8, 1, 0])
def test_equals_scikit_learn(decimals):
    labels = np.random.rand(3000) < 0.1
    scores = (np.random.randn(3000) + labels).round(decimals)
    assert average_precision(scores, labels) == pytest.approx(average_precision_score(labels, scores), abs=1e-12)
    precision, recall, _ = precision_recall_curve(labels, scores)
    expected = np.max(2 * precision * recall / np.maximum(precision + recall, 1e-12))
    assert f1_max(scores, labels) == pytest.approx(expected, abs=1e-12)
    x, y = our_curve(scores, labels)
    assert np.allclose(x, recall[::-1]) and np.allclose(y, precision[::-1])


def test_f1_max_is_the_best_of_all_thresholds():
    labels, scores = np.random.rand(60) < 0.3, np.random.rand(60).round(1)
    assert f1_max(scores, labels) == pytest.approx(max(f1_score(labels, scores >= t) for t in scores), abs=1e-12)


@pytest.mark.parametrize('metric', [average_precision, f1_max])
def test_one_class_is_undefined_and_nan_an_error(metric):
    with pytest.warns(UserWarning, match='undefined'):
        assert np.isnan(metric([1.0, 2.0], [0, 0]))
    with pytest.raises(UserError, match='Score 1 is nan'):
        metric([1.0, np.nan], [0, 1])

"""ROC against scikit-learn and by counting pairs."""
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from anomaly_rd.evaluation.functional import roc_auc, roc_curve
from mminspect.core.errors import UserError


def draw(kind: str, count: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    labels = np.random.rand(count) < 0.2
    scores = np.random.randn(count).astype(np.float32) + labels
    return {'distinct': scores, 'ties': scores.round(1), 'constant': np.ones_like(scores),
            'negative': scores - 100}[kind], labels


@pytest.mark.parametrize('kind', ['distinct', 'ties', 'constant', 'negative'])
def test_equals_scikit_learn(kind):
    scores, labels = draw(kind)
    assert roc_auc(scores, labels) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


def test_is_the_share_of_pairs_in_order():
    scores, labels = draw('ties', 100)
    difference = scores[labels][:, None] - scores[~labels][None]
    assert roc_auc(scores, labels) == pytest.approx(((difference > 0) + 0.5 * (difference == 0)).mean(), abs=1e-12)


def test_curve_has_both_ends_and_a_point_for_every_distinct_score():
    x, y = roc_curve(np.array([3, 2, 2, 1]), np.array([1, 0, 1, 0]))
    assert x.tolist() == [0, 0, 0.5, 1] and y.tolist() == [0, 0.5, 1, 1]


@pytest.mark.parametrize('labels', [[0, 0], [1, 1], []])
def test_one_class_is_undefined(labels):
    with pytest.warns(UserWarning, match='only one class'):
        assert np.isnan(roc_auc(np.zeros(len(labels)), labels))


@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf])
def test_a_score_that_is_no_number_is_named(bad):
    with pytest.raises(UserError, match='Score 2 is'):
        roc_auc([0.0, 1.0, bad], [0, 1, 1])


def test_labels_must_fit():
    with pytest.raises(UserError, match='3 scores but 2 labels'):
        roc_auc([1.0, 2.0, 3.0], [0, 1])
    with pytest.raises(UserError, match='must be 0'):
        roc_auc([1.0, 2.0], [0, 255])

"""Keys keep the order of float32."""
import numpy as np
import pytest

from anomaly_rd.evaluation.score_keys import key_scores, pixel_keys, score_keys

EDGES = np.array([-3.4e38, -2, -1, -0.5, -1e-38, -1e-45, 0, 1e-45, 1e-38, 0.5, 0.75, 1 - 2**-24, 1, 1 + 2**-23, 3.4e38],
                 np.float32)


@pytest.mark.parametrize('keys', [score_keys, pixel_keys])
def test_order_of_floats_and_of_their_nearest_neighbours(keys):
    scores = np.unique(np.concatenate((EDGES, np.nextafter(EDGES, np.float32(0)), np.random.randn(1000),
                                       np.random.rand(1000))).astype(np.float32))
    assert (np.diff(keys(scores)) > 0).all()
    assert keys(np.array([-0.0], np.float32)) == keys(np.array([0.0], np.float32))


def test_keys_of_neighbours_differ_by_one_and_can_be_read_back():
    away = np.nextafter(EDGES[1:-1], np.copysign(np.float32(np.inf), EDGES[1:-1]))
    assert (np.abs(score_keys(away) - score_keys(EDGES[1:-1])) == 1).all()
    assert np.array_equal(key_scores(score_keys(EDGES)), EDGES)


def test_pixel_keys_do_not_depend_on_what_else_is_in_the_map():
    assert pixel_keys(EDGES).tolist() == [pixel_keys(EDGES[i:i + 1])[0] for i in range(len(EDGES))]


def test_saturated_scores_are_wide_apart():
    scores = np.array([1 - 2**-24, 1 - 2**-23], np.float32)  # neighbours; their distances from 1 differ by a factor 2
    assert abs(np.diff(pixel_keys(scores))[0]) > 2**23 > 1 == abs(np.diff(score_keys(scores))[0])

"""Counts of scores: exact below the capacity, bounded above, independent of the order."""
import numpy as np

from anomaly_rd.evaluation.score_counts import ScoreCounts


def test_exact_below_the_capacity():
    scores, rows = np.random.randn(500).round(1).astype(np.float32), np.random.randint(0, 3, 500)
    counts = ScoreCounts(rows=3)
    for score, row in zip(scores, rows, strict=True):
        counts.add(score, row)
    values, seen = counts.read()
    assert np.array_equal(values, np.unique(scores + np.float32(0)))
    for row in range(3):
        assert seen[row].tolist() == [int((scores[rows == row] == value).sum()) for value in values]


def test_bounded_and_independent_of_the_order_beyond():
    scores = (np.random.randn(3000) ** 3).astype(np.float32)
    rows = np.random.randint(0, 2, 3000)
    results = []
    for order in (np.arange(3000), np.random.permutation(3000), np.argsort(scores)):
        counts = ScoreCounts(rows=2, capacity=256)
        for portion in np.array_split(order, np.random.randint(1, 2000)):
            counts.add(scores[portion], rows[portion])
            if len(portion) % 2:
                counts.read()
        results.append((counts.shift, *counts.read()))
    assert len(results[0][1]) <= 256 and results[0][2].sum() == 3000
    for other in results[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(results[0], other, strict=True))

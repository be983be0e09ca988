from __future__ import annotations

import numpy as np

from anomaly_rd.datasets.transforms.simplex import _DIRECTIONS, SimplexNoise


def by_loop(noise: SimplexNoise, point: np.ndarray) -> float:
    """Gustavson's construction, branch by branch, for one point."""
    skew = point.sum() / 3
    i, j, k = (int(np.floor(value + skew)) for value in point)
    t = (i + j + k) / 6
    x0, y0, z0 = point - (np.array([i, j, k]) - t)
    if x0 >= y0:
        if y0 >= z0:
            first, second = (1, 0, 0), (1, 1, 0)
        elif x0 >= z0:
            first, second = (1, 0, 0), (1, 0, 1)
        else:
            first, second = (0, 0, 1), (1, 0, 1)
    elif y0 < z0:
        first, second = (0, 0, 1), (0, 1, 1)
    elif x0 < z0:
        first, second = (0, 1, 0), (0, 1, 1)
    else:
        first, second = (0, 1, 0), (1, 1, 0)
    total = 0.0
    for number, step in enumerate(((0, 0, 0), first, second, (1, 1, 1))):
        offset = np.array([x0, y0, z0]) - step + number / 6
        falling = 0.6 - offset @ offset
        if falling > 0:
            a, b, c = ((value + own) & 255 for value, own in zip((i, j, k), step, strict=True))
            table = noise._table
            total += falling**4 * (_DIRECTIONS[table[a + table[b + table[c]]] % 12] @ offset)
    return 32 * total


def test_values_are_those_of_the_construction() -> None:
    noise, points = SimplexNoise(3), np.random.default_rng(0).uniform(-20, 20, (300, 3))
    assert np.allclose(noise(points), [by_loop(noise, point) for point in points], atol=1e-12)


def test_it_is_smooth_bounded_and_of_its_seed() -> None:
    points = np.random.default_rng(1).uniform(-50, 50, (20000, 3))
    values = SimplexNoise(0)(points)
    assert np.abs(values).max() <= 1.01 and 0.1 < values.std() < 0.5 and abs(values.mean()) < 0.02
    near = SimplexNoise(0)(points + 1e-4)
    assert np.abs(near - values).max() < 5e-3  # continuous across the borders of simplices
    assert np.array_equal(values, SimplexNoise(0)(points)) and not np.allclose(values, SimplexNoise(1)(points))


def test_octaves_by_hand() -> None:
    noise = SimplexNoise(5)
    found = noise.octaves((2, 3, 4), count=2, persistence=0.5, wavelength=8)
    point = np.array([1.0, 2.0, 3.0])
    assert np.isclose(found[1, 2, 3], noise(point / 8) + 0.5 * noise(point / 4))

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import convolve

from mminspect.core.errors import UserError
from mminspect.station.prescreen import Prescreen, PrescreenSettings, Reason

OFF = dict(dark=0, bright=255, blur=0, duplicate=0, normal=0)


def frame(level: float = 100, noise: float = 10, seed: int = 0, size: tuple[int, int] = (96, 128)) -> NDArray[np.uint8]:
    grey = level + noise * np.random.default_rng(seed).standard_normal(size)
    return np.repeat(np.clip(np.rint(grey), 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def sieve(**limits: float) -> Prescreen:
    return Prescreen(PrescreenSettings(**{**OFF, **limits}))


def test_exposure() -> None:
    screen = sieve(dark=50, bright=200)
    assert [screen.accepts(frame(level)) for level in (30, 48, 52, 198, 202, 240)] == [
        Reason.DARK, Reason.DARK, None, None, Reason.BRIGHT, Reason.BRIGHT]
    assert screen.counters == dict(seen=6, accepted=2, dark=2, bright=2, blurred=0, duplicate=0, normal=0)


@pytest.mark.parametrize('sigma', [0.0, 1.0, 3.0])
def test_blur_is_the_variance_of_the_laplacian(sigma: float) -> None:
    pixels = frame(noise=25)
    if sigma:
        pixels = cv2.GaussianBlur(pixels, (0, 0), sigma)
    grey = pixels[..., 0].astype(int)
    variance = convolve(grey, np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]), mode='mirror').var()
    assert sieve(blur=variance * 1.001).accepts(pixels) is Reason.BLURRED
    assert sieve(blur=variance * 0.999).accepts(pixels) is None


def test_duplicates_are_compared_with_the_last_accepted_frame() -> None:
    """A scene that changes slowly is shown again and again, not never."""
    screen = sieve(duplicate=2.5)
    reasons = [screen.accepts(frame(100 + k, noise=0)) for k in range(7)]
    assert reasons == [None, Reason.DUPLICATE, Reason.DUPLICATE] * 2 + [None]


def test_the_difference_is_that_of_thumbnails() -> None:
    one, other = frame(noise=0, size=(640, 640)), frame(noise=0, size=(640, 640))
    other[:320] += 4  # half the picture: a mean of 2
    for limit, expected in ((2.01, Reason.DUPLICATE), (1.99, None)):
        screen = sieve(duplicate=limit)
        screen.accepts(one)
        assert screen.accepts(other) is expected


def test_normal_frames_are_kept_back_and_strange_ones_are_not() -> None:
    screen = sieve(normal=4)
    learning = [screen.accepts(frame(seed=seed)) for seed in range(30)]
    assert learning == [None] * 30
    assert [screen.accepts(frame(seed=seed)) for seed in range(30, 60)] == [Reason.NORMAL] * 30
    spot = frame(seed=100)
    spot[40:56, 60:80] = 200
    assert screen.accepts(spot) is None
    rough = frame(noise=60, seed=101)  # the same mean, another deviation
    assert screen.accepts(rough) is None
    assert screen.counters['normal'] == 30 and screen.counters['accepted'] == 32


def test_the_normal_model_follows_slow_changes_of_light_but_not_defects() -> None:
    screen = sieve(normal=6)
    for k in range(400):
        last = screen.accepts(frame(100 + 0.05 * k, seed=k))  # 20 grey values in all
    assert last is Reason.NORMAL
    assert [screen.accepts(frame(200, seed=k)) for k in range(50)] == [None] * 50


def test_the_first_reason_counts_and_kept_back_frames_leave_no_trace() -> None:
    screen = sieve(dark=50, blur=1, duplicate=1)
    assert screen.accepts(frame(100)) is None
    assert screen.accepts(frame(10, noise=0)) is Reason.DARK
    assert screen.accepts(frame(100, noise=0)) is Reason.BLURRED
    assert screen.accepts(frame(100)) is Reason.DUPLICATE
    assert sum(screen.counters.values()) == 2 * screen.counters['seen'] == 8


def test_off() -> None:
    screen = Prescreen(PrescreenSettings(enabled=False))
    assert [screen.accepts(frame(level, noise=0)) for level in (0, 0, 255)] == [None] * 3
    screen = sieve()
    assert [screen.accepts(frame(level, noise=0)) for level in (0, 0, 255)] == [None] * 3


def test_defaults_keep_back_what_shows_nothing() -> None:
    screen = Prescreen()
    pictures = [frame(0, 0), frame(255, 0), frame(120), frame(120), frame(120, seed=1, noise=40)]
    reasons = [screen.accepts(picture) for picture in pictures]
    assert reasons == [Reason.DARK, Reason.BRIGHT, None, Reason.DUPLICATE, None]


@pytest.mark.parametrize('name, value', [('dark', -1), ('bright', 256), ('blur', -0.1), ('duplicate', 300),
                                         ('normal', float('nan'))])
def test_values_outside_their_range(name: str, value: float) -> None:
    with pytest.raises(UserError, match=f'{name} must be'):
        PrescreenSettings(**{name: value})

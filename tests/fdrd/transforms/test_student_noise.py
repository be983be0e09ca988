import pickle
from collections import Counter

import numpy as np
import pytest
from mmcv.transforms.utils import cache_random_params
from scipy.stats import kstest, norm, uniform

from fdrd.transforms import StudentNoise

OFF = dict(salt_pepper=None, mean_shift=None, gaussian=None)
GREY = np.full((40, 50, 3), 128, np.float32)


def noise(image: np.ndarray, **kinds: dict | None) -> np.ndarray:
    """The noisy view of one call."""
    return StudentNoise(**{**OFF, **kinds}).transform(dict(img=image))['img']


def sure(**kwargs) -> dict:
    return dict(prob=1.0, **kwargs)


def test_gates_are_independent_fair_and_drawn_anew() -> None:
    transform = StudentNoise(salt_pepper=dict(amount=0.5), mean_shift=dict(amplitude=5.0), gaussian=dict(std=1e-3))
    image, seen, calls = np.full((6, 6, 1), 128, np.float32), Counter(), 4000
    for _ in range(calls):
        noisy = transform.transform(dict(img=image))['img']
        impulse = (noisy == 0) | (noisy == 255)
        rest = (noisy - image)[~impulse]
        seen[bool(impulse.any()), abs(rest.mean()) > 0.02, rest.std() > 2e-5] += 1
    assert len(seen) == 8
    assert all(abs(n - calls / 8) < 4 * (calls * 1 / 8 * 7 / 8)**0.5 for n in seen.values()), seen
    for gate in range(3):
        opened = sum(n for gates, n in seen.items() if gates[gate])
        assert abs(opened - calls / 2) < 3 * (calls / 4)**0.5, (gate, seen)


@pytest.mark.parametrize(('defaults', 'open_share'), [({}, 3 / 4), (dict(gaussian=dict()), 7 / 8)])
def test_share_of_untouched_images_with_the_defaults(defaults: dict, open_share: float) -> None:
    transform, image = StudentNoise(**defaults), np.full((60, 60, 3), 128, np.float32)
    changed = np.mean([transform.transform(dict(img=image))['img'] is not image for _ in range(1000)])
    assert changed == pytest.approx(open_share, abs=5 * (open_share * (1 - open_share) / 1000)**0.5)


@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
def test_closed_gates_leave_both_views_bit_identical(dtype: type) -> None:
    image = np.random.randint(0, 256, (8, 9, 3)).astype(dtype)
    closed = {kind: dict(prob=0.0) for kind in OFF}
    for kinds in (OFF, closed):
        results = StudentNoise(**kinds).transform(dict(img=image))
        assert results['img_clean'] is image and np.array_equal(results['img'], image)
        assert results['img'].dtype == dtype


def test_clean_view_is_the_untouched_image() -> None:
    image = np.random.randint(0, 256, (30, 40, 3), dtype=np.uint8)
    before = image.copy()
    results = StudentNoise(sure(amount=0.5), sure(), sure()).transform(dict(img=image, other=1))
    assert results['img_clean'] is image and np.array_equal(image, before)
    assert not np.array_equal(results['img'], image) and not np.shares_memory(results['img'], image)
    assert results['other'] == 1


def test_mean_shift_is_one_uniform_draw_per_image() -> None:
    transform = StudentNoise(**{**OFF, 'mean_shift': sure(amplitude=5.0)})
    shifts = [transform.transform(dict(img=GREY[:4, :4]))['img'] - 128 for _ in range(500)]
    assert all(np.ptp(s) == 0 for s in shifts)
    assert kstest([s.flat[0] for s in shifts], uniform(-5, 10).cdf).pvalue > 1e-3


@pytest.mark.parametrize(('mode', 'per_channel', 'spread'), [('shift', True, (0, 1)), ('pixel', False, (1, 0)),
                                                            ('pixel', True, (1, 1))])
def test_mean_shift_by_pixel_and_by_channel(mode: str, per_channel: bool, spread: tuple[int, int]) -> None:
    shift = noise(GREY, mean_shift=sure(amplitude=5.0, mode=mode, per_channel=per_channel)) - GREY
    assert (np.ptp(shift, axis=(0, 1)).min() > 0) == bool(spread[0])
    assert (np.ptp(shift, axis=2).min() > 0) == bool(spread[1])
    assert np.abs(shift).max() <= 5
    if mode == 'pixel':
        assert kstest(shift[..., 0].ravel(), uniform(-5, 10).cdf).pvalue > 1e-3


def test_gaussian_is_normal_per_element() -> None:
    values = (noise(GREY, gaussian=sure(std=2.0)) - GREY).ravel()
    assert kstest(values, norm(0, 2).cdf).pvalue > 1e-3
    assert len(np.unique(values)) > 0.99 * values.size


def test_salt_and_pepper_hits_all_channels_of_a_share_of_the_pixels() -> None:
    image = np.random.randint(50, 200, (200, 300, 3), dtype=np.uint8)
    noisy = noise(image, salt_pepper=sure(amount=0.05, salt_ratio=0.25))
    salt, pepper = (noisy == 255).all(axis=2), (noisy == 0).all(axis=2)
    assert np.array_equal((noisy != image).any(axis=2), salt | pepper)
    share = (salt | pepper).mean()
    assert share == pytest.approx(1 - np.exp(-0.05), abs=5 * (0.05 / salt.size)**0.5)  # some positions are hit twice
    assert salt.sum() / (salt | pepper).sum() == pytest.approx(0.25, abs=0.04)


def test_salt_and_pepper_is_seen_in_every_memory_layout() -> None:
    planes = np.random.randint(50, 200, (3, 60, 70), dtype=np.uint8)
    image = planes.transpose(1, 2, 0)  # the layout of an image that was channels first
    assert not image.flags.c_contiguous
    noisy = noise(image, salt_pepper=sure(amount=0.2))
    assert (noisy != image).any(axis=2).mean() > 0.1


def test_sum_is_clipped_and_rounded_to_the_image_s_type() -> None:
    for value in (0, 255):
        image = np.full((20, 20, 3), value, np.uint8)
        noisy = noise(image, mean_shift=sure(amplitude=5.0), gaussian=sure(std=2.0))
        assert noisy.dtype == np.uint8
        assert np.abs(noisy.astype(int) - value).max() < 30  # no wrap-around to the other end
    kinds = dict(mean_shift=sure(mode='pixel'), gaussian=sure())
    image = np.random.randint(20, 230, (30, 30, 3), dtype=np.uint8)
    results = []
    for typed in (image, image.astype(np.float32)):
        np.random.seed(3)
        results.append(noise(typed, **kinds))
    assert np.array_equal(results[0], np.rint(results[1]))
    assert results[1].dtype == np.float32 and not np.array_equal(results[1], np.rint(results[1]))


def test_grey_image_without_channel_axis() -> None:
    image = np.full((30, 30), 100, np.uint8)
    noisy = noise(image, salt_pepper=sure(amount=0.1), mean_shift=sure(per_channel=True), gaussian=sure())
    assert noisy.shape == (30, 30) and noisy.dtype == np.uint8 and (noisy == 255).any()


def test_seed_reproduces_and_every_call_differs() -> None:
    transform = StudentNoise(sure(amount=0.01), sure(), sure())

    def two(seed: int) -> list[np.ndarray]:
        np.random.seed(seed)
        return [transform.transform(dict(img=GREY))['img'] for _ in range(2)]

    first, again, other = two(1), two(1), two(2)
    assert np.array_equal(first, again)
    assert not np.array_equal(first[0], first[1]) and not np.array_equal(first[0], other[0])


def test_cached_randomness_repeats_the_draws() -> None:
    transform = StudentNoise(sure(amount=0.01), sure(), sure())
    with cache_random_params(transform):
        a, b = (transform.transform(dict(img=GREY))['img'] for _ in range(2))
    assert np.array_equal(a, b)


def test_survives_pickling_and_says_what_it_does() -> None:
    transform = pickle.loads(pickle.dumps(StudentNoise(gaussian=dict(std=3.0))))
    assert transform.gaussian == dict(std=3.0, prob=0.5)
    assert "'std': 3.0" in repr(transform) and "'amount': 0.001" in repr(transform)


def test_defaults_are_those_of_the_method() -> None:
    transform = StudentNoise()
    assert transform.salt_pepper == dict(amount=0.001, salt_ratio=0.5, prob=0.5)
    assert transform.mean_shift == dict(amplitude=5.0, mode='shift', per_channel=False, prob=0.5)
    assert transform.gaussian is None


@pytest.mark.parametrize(('wrong', 'words'), [
    (dict(salt_pepper=dict(ammount=0.1)), 'ammount'),
    (dict(salt_pepper=dict(amount=1.5)), 'amount'),
    (dict(salt_pepper=dict(salt_ratio=-0.1)), 'salt_ratio'),
    (dict(mean_shift=dict(prob=2)), 'prob'),
    (dict(mean_shift=dict(mode='row')), 'mode'),
    (dict(mean_shift=dict(amplitude=-1)), 'amplitude'),
    (dict(gaussian=dict(std=-1)), 'amplitudes'),
    (dict(gaussian=dict(amount=0.1)), 'amount'),
])
def test_wrong_arguments_are_named(wrong: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        StudentNoise(**wrong)

import pytest
import torch

from anomaly_rd.models.teachers.feature_cache import FeatureCache
from mminspect.core.errors import UserError

CPU = torch.device('cpu')


def levels(n: int = 3) -> tuple[torch.Tensor, ...]:
    return tuple(torch.randn(n, c, s, s).to(memory_format=torch.channels_last) for c, s in ((4, 8), (8, 4), (16, 2)))


@pytest.mark.parametrize('dtype', ['bfloat16', 'float32'])
def test_gives_back_what_was_put_in_any_order(dtype: str) -> None:
    cache, first, second = FeatureCache(dtype), levels(), levels()
    returned = cache.put(['a', 'b', 'c'], first)
    cache.put(['d', 'e', 'f'], second)
    mixed = cache.get(['e', 'c', 'a'], CPU)
    for ours, x, y, r in zip(mixed, first, second, returned, strict=True):
        assert torch.equal(ours, torch.stack((y[1], x[2], x[0])).to(getattr(torch, dtype)))
        assert ours.is_contiguous(memory_format=torch.channels_last)
        assert torch.equal(r[2], ours[1])  # the first epoch sees the rounded values, too


def test_one_unknown_image_is_a_miss() -> None:
    cache = FeatureCache()
    assert cache.get(['a'], CPU) is None
    cache.put(['a', 'b', 'c'], levels())
    assert cache.get(['a', 'z'], CPU) is None


def test_keeps_no_reference_to_the_batch() -> None:
    cache, batch = FeatureCache('float32'), levels()
    cache.put(['a', 'b', 'c'], batch)
    expected = batch[0][:1].clone()
    batch[0].zero_()
    assert torch.equal(cache.get(['a'], CPU)[0], expected)


def test_limit(messages: list[str]) -> None:
    size = sum(level[0].numel() for level in levels()) * 2
    cache = FeatureCache('bfloat16', limit_bytes=4 * size)
    cache.put(['a', 'b', 'c'], levels())
    assert cache.get(['a'], CPU) is not None
    cache.put(['c', 'd'], levels(2))  # one of them is known
    assert cache.get(['a', 'd'], CPU) is not None and not messages
    cache.put(['e', 'f'], levels(2))
    cache.put(['g'], levels(1))
    assert cache.get(['a'], CPU) is None and cache.get(['g'], CPU) is None
    assert len(messages) == 1 and f'cache_limit_bytes={4 * size}' in messages[0]


def test_clear() -> None:
    cache = FeatureCache()
    cache.put(['a', 'b', 'c'], levels())
    cache.clear()
    assert cache.get(['a'], CPU) is None
    cache.put(['a', 'b', 'c'], levels())
    assert cache.get(['a'], CPU) is not None


def test_unknown_type_of_numbers() -> None:
    with pytest.raises(UserError, match="cache_dtype is 'bf16', known are bfloat16, float32"):
        FeatureCache('bf16')

from __future__ import annotations

import torch

from anomaly_rd.models.patches import PatchSample


def rows(begin: int, end: int) -> torch.Tensor:
    return torch.arange(begin, end).float()[:, None].repeat(1, 2)


def test_all_are_kept_in_their_order() -> None:
    sample = PatchSample()
    for begin in range(0, 30, 7):
        sample.add(rows(begin, min(begin + 7, 30)))
    assert torch.equal(torch.cat(sample.finish()), rows(0, 30)) and sample.seen == len(sample) == 30
    places = torch.tensor([29, 0, 7, 6, 0])
    assert torch.equal(sample.take(places)[:, 0], places.float())


def test_a_part_of_them_with_the_same_chance() -> None:
    counts = torch.zeros(60)
    for seed in range(400):
        sample = PatchSample(limit=20, seed=seed)
        for begin in range(0, 60, 10):
            sample.add(rows(begin, begin + 10))
        kept = torch.cat(sample.finish())
        assert len(kept) == 20 == len(kept.unique(dim=0)) and sample.seen == 60
        counts[kept[:, 0].long()] += 1
    share = counts / 400
    assert abs(share.mean() - 1 / 3) < 1e-6 and (share - 1 / 3).abs().max() < 0.1  # 4 standard deviations are 0.094


def test_fewer_than_the_limit_and_half_precision() -> None:
    sample = PatchSample(limit=20, dtype=torch.float16)
    sample.add(rows(0, 5))
    assert torch.equal(sample.finish()[0], rows(0, 5).half())

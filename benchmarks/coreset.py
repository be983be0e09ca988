"""The greedy choice of PatchCore's bank: lazy blocks against one distance to all points for each one that is chosen.

    python benchmarks/coreset.py [--points 40000] [--count 2000]

Both choose from the same points, and whether the same ones is told. Results in results/coreset.json.
"""
from __future__ import annotations

import argparse

import torch
from torch import Tensor

from anomaly_rd.models.patches import greedy_coreset
from common import interleaved, save

DIMENSIONS = 128


def plain(points: Tensor, count: int) -> Tensor:
    """The rule as it is written, and as reference code computes it."""
    anchors = torch.randperm(len(points), generator=torch.Generator().manual_seed(0))[:10]
    bounds = torch.cdist(points, points[anchors]).mean(1)
    chosen = []
    for _ in range(count):
        best = int(bounds.argmax())
        chosen.append(best)
        torch.minimum(bounds, (points - points[best]).norm(dim=1), out=bounds)
    return torch.tensor(chosen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--points', type=int, default=40_000)
    parser.add_argument('--count', type=int, default=2_000)
    args = parser.parse_args()
    torch.manual_seed(0)
    mixing = torch.randn(24, DIMENSIONS)  # features have fewer directions than numbers
    points = torch.randn(args.points, 24) @ mixing + 0.1 * torch.randn(args.points, DIMENSIONS)
    ours, expected = greedy_coreset([points], args.count, projection=None), plain(points, args.count)
    seconds = interleaved(dict(lazy_blocks=lambda: greedy_coreset([points], args.count, projection=None),
                               plain=lambda: plain(points, args.count)), rounds=3, warmup=0)
    save('coreset', seed=0, points=args.points, count=args.count, dimensions=DIMENSIONS, seconds=seconds,
         same=len({*ours.tolist()} & {*expected.tolist()}), speedup=seconds['plain'] / seconds['lazy_blocks'],
         command=f'python benchmarks/coreset.py --points {args.points} --count {args.count}')


if __name__ == '__main__':
    main()

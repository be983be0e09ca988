"""Time and memory of the anomaly metrics: the streaming metric against exact sorting of all pixels.

    python benchmarks/anomaly_metrics.py [--maps 115] [--large 1000] [--rounds 5]
"""
from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from scipy.ndimage import gaussian_filter, zoom
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from anomaly_rd.evaluation import AnomalyMetric
from anomaly_rd.evaluation import functional as exact
from common import interleaved, memory_of, save

NAMES = ('image_auroc', 'pixel_auroc', 'aupro', 'image_ap', 'pixel_ap', 'image_f1max', 'pixel_f1max')
SMALL, LARGE = 256, 1024


def draw(seed: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """A smooth positive map (side, side), as of summed cosine distances, and its mask; every third image is good."""
    random = np.random.default_rng(seed)
    noise = gaussian_filter(random.standard_normal((side, side), np.float32), 4) * 14  # unit variance
    mask = np.zeros((side, side), np.uint8)
    for _ in range(random.integers(1, 5) if seed % 3 else 0):
        y, x, radius = (*random.integers(0, side, 2).tolist(), random.integers(2, side // 12))
        mask |= np.hypot(*np.ogrid[-y:side - y, -x:side - x]) < radius
    return np.exp(0.5 * noise + gaussian_filter(mask.astype(np.float32), 2) - 2), mask


def sample(index: int, scores: np.ndarray, mask: np.ndarray) -> dict[str, Any]:
    return dict(img_path=f'{index}.png', sample_idx=index, ori_shape=mask.shape, gt_label=int(mask.any()),
                gt_mask=torch.from_numpy(mask), anomaly_map=torch.from_numpy(scores), pred_score=scores.max())


def streaming(samples: list[dict[str, Any]]) -> dict[str, float]:
    metric = AnomalyMetric(metrics=NAMES)
    for start in range(0, len(samples), 16):
        metric.process(None, samples[start:start + 16])
    return metric.evaluate(len(samples))


def one_by_one(samples: list[dict[str, Any]], auroc: Callable, precision: Callable, f1: Callable) -> dict[str, float]:
    """Every metric sorts what it needs."""
    maps, masks = ([s[name].numpy() for s in samples] for name in ('anomaly_map', 'gt_mask'))
    pixels = np.concatenate([m.ravel() for m in maps]), np.concatenate([m.ravel() for m in masks])
    images = np.array([s['pred_score'] for s in samples]), np.array([s['gt_label'] for s in samples])
    values = dict(aupro=exact.pro_auc(maps, masks))
    for name, data in (('image', images), ('pixel', pixels)):
        values |= {f'{name}_auroc': auroc(*data), f'{name}_ap': precision(*data), f'{name}_f1max': f1(*data)}
    return values


def ours(samples: list[dict[str, Any]]) -> dict[str, float]:
    return one_by_one(samples, exact.roc_auc, exact.average_precision, exact.f1_max)


def scikit_learn(samples: list[dict[str, Any]]) -> dict[str, float]:
    """All but aupro by scikit-learn, which has none."""
    def f1(scores: np.ndarray, labels: np.ndarray) -> float:
        precision, recall, _ = precision_recall_curve(labels, scores)
        return float((2 * precision * recall / np.maximum(precision + recall, 1e-12)).max())
    return one_by_one(samples, lambda s, y: roc_auc_score(y, s), lambda s, y: average_precision_score(y, s), f1)


def compare(count: int, rounds: int) -> dict[str, Any]:
    samples = [sample(i, *draw(i, SMALL)) for i in range(count)]
    functions = dict(streaming=streaming, exact_numpy=ours, exact_scikit_learn=scikit_learn)
    seconds = interleaved({name: lambda f=f: f(samples) for name, f in functions.items()}, rounds, warmup=1)
    values = {name: f(samples) for name, f in functions.items()}
    error = {other: max(abs(values['streaming'][name] - values[other][name]) for name in NAMES)
             for other in ('exact_numpy', 'exact_scikit_learn')}
    return dict(maps=count, side=SMALL, rounds=rounds, values=values, seconds=seconds, largest_difference=error,
                speedup={other: seconds[other] / seconds['streaming'] for other in error})


def large(count: int) -> Iterator[dict[str, Any]]:
    """Maps made from few drawn ones, on another scale each, so that drawing takes no time and no map comes twice."""
    drawn = [draw(seed, LARGE // 4) for seed in range(12)]
    drawn = [(zoom(scores, 4, order=1), mask.repeat(4, 0).repeat(4, 1)) for scores, mask in drawn]
    for i in range(count):
        scores, mask = drawn[i % len(drawn)]
        yield sample(i, np.roll(scores, i, axis=1) * np.float32(1 + i / count), np.roll(mask, i, axis=1))


def stream(count: int) -> dict[str, Any]:
    """All metrics of many large maps, with the resident memory on the way."""
    metric, resident, spent = AnomalyMetric(), {}, 0.0
    for i, item in enumerate(large(count), start=1):
        start = time.perf_counter()
        metric.process(None, [item])
        spent += time.perf_counter() - start
        if i in (1, count // 10, count // 2, count):
            resident[str(i)] = resident_mib()
    start = time.perf_counter()
    values = metric.evaluate(count)
    return dict(maps=count, side=LARGE, seconds=spent + time.perf_counter() - start, resident_mib=resident,
                growth_mib=resident[str(count)] - resident[str(count // 10)], values=values)


def resident_mib() -> float:
    """Memory of this process that is in use, MiB."""
    return memory_of() / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--maps', type=int, default=115, help=f'maps of {SMALL}x{SMALL} pixels')
    parser.add_argument('--large', type=int, default=1000, help=f'maps of {LARGE}x{LARGE} pixels')
    parser.add_argument('--rounds', type=int, default=5)
    args = parser.parse_args()
    streamed = stream(args.large)  # before the exact metrics, whose memory the process would keep
    compared = compare(args.maps, args.rounds)
    for key in ('seconds', 'speedup', 'largest_difference'):
        print(key, compared[key])
    print('stream', {key: streamed[key] for key in ('seconds', 'resident_mib', 'growth_mib')})
    save('anomaly_metrics', small=compared, large=streamed)


if __name__ == '__main__':
    main()

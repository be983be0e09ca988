"""What a quantised network loses beside the one it was made from."""
from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DATASETS, METRICS
from numpy.typing import NDArray
from torch.utils.data import Dataset

from mminspect.core.errors import UserError
from mminspect.inspection.network import Network
from mminspect.inspection.tasks import task_of
from mminspect.runtime.dataset_cfg import leaves

from .quantize import normal_pixels

#: Where accuracy is measured.
TEST, NORMAL = 'test', 'normal'
#: A mean change of scores of this share of their standard deviation is worth a warning: where all scores rise by it, a
#: threshold that 1 % of normally distributed scores exceed is exceeded by 1.9 %.
CONSIDERABLE = 0.25


@dataclass(frozen=True)
class ScoreChange:
    """How far the image scores of two networks are apart.

    Attributes:
        images: Number of images.
        largest: Largest absolute difference.
        mean: Mean absolute difference.
        deviation: Standard deviation of the first network's scores, to compare with.
    """

    images: int
    largest: float
    mean: float
    deviation: float

    @property
    def is_considerable(self) -> bool:
        """Whether the mean is more than :data:`CONSIDERABLE` of the deviation, which one image does not have."""
        return self.images > 1 and self.mean > CONSIDERABLE * self.deviation

    def __str__(self) -> str:
        return (f'scores of {self.images} images differ by {self.largest:.4g} at most and {self.mean:.4g} on average '
                f'(standard deviation of the scores: {self.deviation:.4g})')


def lost_accuracy(cfg: Config, exact: Network, quantized: Network, normal: Sequence[str | Path],
                  where: str | None = None) -> str:
    """What quantisation costs, in words: metrics of the test set, which are blind to scores that all rise alike, and
    differences of scores, with a warning where they are a considerable part of the scores' spread.

    Args:
        cfg: The config of the model.
        exact: The network in float32.
        quantized: The same in integers.
        normal: Files of normal images.
        where: :data:`TEST`, the metrics of the model's task on the test set; :data:`NORMAL`, differences of scores on
            the normal images alone; None: on the test set too if its data is there and the task has metrics.

    Returns:
        Lines.

    Raises:
        UserError: The test set is wanted and not there, or the task has no metrics; or a normal image is damaged.
    """
    metrics = task_of(exact.spec.kind).test_metrics(exact.spec)
    if where == TEST and not metrics:
        raise UserError(f'--eval test has no metrics for models of kind {exact.spec.kind!r}, of which scores alone are '
                        'compared: take --eval normal')
    lines = _lost_metrics(cfg, exact, quantized, where) if where != NORMAL and metrics else []
    change = score_change(exact, quantized, normal_pixels(normal, exact.spec))
    lines.append(f'int8 on normal images: {change}')
    if change.is_considerable:
        share = f'{change.mean / change.deviation:.2g} times their' if change.deviation else 'which have no'
        lines.append(f'warning: int8 changes the scores by {change.mean:.4g} on average, {share} standard deviation '
                     f'(worth a warning from {CONSIDERABLE} on): scores and thresholds of the two files cannot be '
                     'compared')
    return '\n'.join(lines)


def _lost_metrics(cfg: Config, exact: Network, quantized: Network, where: str | None) -> list[str]:
    """A line; none where the test set is not there, unless it is wanted."""
    try:
        dataset = load_test_set(cfg)
    except UserError:
        if where == TEST:
            raise
        return []
    found = measure(cfg, dict(exact=exact, quantized=quantized), dataset)
    rows = (f'{name} {value:.4f} -> {found["quantized"][name]:.4f}' for name, value in found['exact'].items())
    return [f'int8 on the {len(dataset)} images of the test set: {", ".join(rows)}']


def score_change(first: Network, second: Network, images: Iterable[NDArray[np.float32]]) -> ScoreChange:
    """Compare two networks on what they see of images, (1, h, w, 3) each."""
    scores = np.array([[_score(network, pixels) for network in (first, second)] for pixels in images], np.float64)
    apart = np.abs(scores[:, 0] - scores[:, 1])
    return ScoreChange(len(scores), float(apart.max()), float(apart.mean()), float(scores[:, 0].std()))


def load_test_set(cfg: Config) -> Dataset:
    """The test set of a config, without the cache that it may ask for: every image is read once.

    Raises:
        UserError: Its data is not there.
    """
    config = copy.deepcopy(cfg.test_dataloader.dataset)
    for leaf in leaves(config):
        if 'cache' in leaf:
            leaf['cache'] = False
    with DATASETS.switch_scope_and_registry(_scope(cfg)) as datasets:
        return datasets.build(config)


def measure(cfg: Config, networks: Mapping[str, Network], dataset: Dataset) -> dict[str, dict[str, float]]:
    """The metrics of the networks' tasks on one pass over a test set, by name of the network.

    Args:
        cfg: The config of the networks; the first metric of its ``test_evaluator`` computes, with its own defaults. It
            has to take ``metrics``, the names of those that are wanted.
        networks: Networks by name. One without a map has no metrics of pixels.
        dataset: The test set, see :func:`load_test_set`.

    Returns:
        For each network the metrics by name; NaN is undefined.

    Raises:
        UserError: The config has no test_evaluator.
    """
    evaluators = cfg.get('test_evaluator')
    if not evaluators:
        raise UserError(f'{cfg.filename} has no test_evaluator, so that nothing measures accuracy: add it, or take '
                        '--eval normal')
    kind = (evaluators if isinstance(evaluators, Mapping) else evaluators[0])['type']
    with METRICS.switch_scope_and_registry(_scope(cfg)) as known:
        metrics = {name: known.build(dict(type=kind, metrics=task_of(network.spec.kind).test_metrics(network.spec)))
                   for name, network in networks.items()}
    for pixels, sample in _items(dataset):
        for name, network in networks.items():
            outputs = {key: torch.from_numpy(value[0:1])[0] for key, value in network(pixels).items()}
            metrics[name].process({}, [dict(sample, **outputs)])
    return {name: metric.evaluate(len(dataset)) for name, metric in metrics.items()}


def _scope(cfg: Config) -> str:
    """Where the names in a config are looked up first."""
    return cfg.get('default_scope') or 'mmengine'


def _items(dataset: Dataset) -> Iterator[tuple[NDArray[np.float32], dict]]:
    for index in range(len(dataset)):
        item = dataset[index]
        pixels = item['inputs'].permute(1, 2, 0).float().numpy()
        yield np.ascontiguousarray(pixels)[None], item['data_samples'].to_dict()


def _score(network: Network, pixels: NDArray[np.float32]) -> float:
    """The score of the only image."""
    return task_of(network.spec.kind).raw_score({name: values[0] for name, values in network(pixels).items()})

"""What a quantised network loses beside the one it was made from."""
from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from numpy.typing import NDArray
from torch.utils.data import Dataset

from anomaly_rd.evaluation import AnomalyMetric
from anomaly_rd.registry import DATASETS
from mminspect.core.errors import UserError
from mminspect.inspection.network import Network
from mminspect.runtime.dataset_cfg import leaves

from .quantize import normal_pixels

METRICS = ('image_auroc', 'pixel_auroc')
#: Where accuracy is measured.
TEST, NORMAL = 'test', 'normal'


@dataclass(frozen=True)
class ScoreChange:
    """How far the image scores of two networks are apart.

    Attributes:
        images: Number of images.
        largest: Largest absolute difference.
        mean: Mean absolute difference.
        spread: Standard deviation of the first network's scores, to compare with.
    """

    images: int
    largest: float
    mean: float
    spread: float

    def __str__(self) -> str:
        return (f'scores of {self.images} images differ by {self.largest:.4g} at most and {self.mean:.4g} on average '
                f'(standard deviation of the scores: {self.spread:.4g})')


def lost_accuracy(cfg: Config, exact: Network, quantized: Network, normal: Sequence[str | Path],
                  where: str | None = None) -> str:
    """What quantisation costs, in words.

    Args:
        cfg: Of the model.
        exact: Network in float32.
        quantized: The same in integers.
        normal: Files of normal images.
        where: :data:`TEST`, AUROC on the test set of an anomaly model; :data:`NORMAL`, differences of scores on the
            normal images; None: on the test set if its data is there.

    Raises:
        UserError: The test set is wanted and not there, or no anomaly model's; or a normal image is damaged.
    """
    if where == TEST and exact.spec.kind != 'anomaly':
        raise UserError('--eval test measures AUROC, which detectors do not have: take --eval normal')
    if where != NORMAL and exact.spec.kind == 'anomaly':
        try:
            dataset = load_test_set(cfg)
        except UserError:
            if where == TEST:
                raise
        else:
            found = anomaly_accuracy(dict(exact=exact, quantized=quantized), dataset)
            rows = (f'{name} {value:.4f} -> {found["quantized"][name]:.4f}' for name, value in found['exact'].items())
            return f'int8 on the {len(dataset)} images of the test set: {", ".join(rows)}'
    return f'int8 on normal images: {score_change(exact, quantized, normal_pixels(normal, exact.spec))}'


def score_change(first: Network, second: Network, images: Iterable[NDArray[np.float32]]) -> ScoreChange:
    """Compare two networks on what they see of images, (1, h, w, 3) each."""
    scores = np.array([[_score(network(pixels)) for network in (first, second)] for pixels in images], np.float64)
    apart = np.abs(scores[:, 0] - scores[:, 1])
    return ScoreChange(len(scores), float(apart.max()), float(apart.mean()), float(scores[:, 0].std()))


def load_test_set(cfg: Config) -> Dataset:
    """The test set of an anomaly model's config.

    Raises:
        UserError: Its data is not there.
    """
    with DefaultScope.overwrite_default_scope('anomaly_rd'):
        dataset = copy.deepcopy(cfg.test_dataloader.dataset)
        for leaf in leaves(dataset):
            leaf['cache'] = False
        return DATASETS.build(dataset)


def anomaly_accuracy(networks: Mapping[str, Network], dataset: Dataset) -> dict[str, dict[str, float]]:
    """Image and pixel AUROC of anomaly models on one pass over a test set, by name of the network.

    A network without a map has no pixel AUROC; NaN is undefined.
    """
    metrics = {name: AnomalyMetric([metric for metric in METRICS if metric != 'pixel_auroc'
                                    or 'anomaly_map' in network.spec.outputs]) for name, network in networks.items()}
    for pixels, sample in _items(dataset):
        for name, network in networks.items():
            outputs = {key: torch.from_numpy(value[0:1])[0] for key, value in network(pixels).items()}
            metrics[name].process({}, [dict(sample, **outputs)])
    return {name: metric.evaluate(len(dataset)) for name, metric in metrics.items()}


def _items(dataset: Dataset) -> Iterator[tuple[NDArray[np.float32], dict]]:
    for index in range(len(dataset)):
        item = dataset[index]
        pixels = item['inputs'].permute(1, 2, 0).float().numpy()
        yield np.ascontiguousarray(pixels)[None], item['data_samples'].to_dict()


def _score(outputs: Mapping[str, NDArray]) -> float:
    """Of the only image: of a detector its best box's."""
    return float(outputs['pred_score'][0] if 'pred_score' in outputs else outputs['scores'].max(initial=0))

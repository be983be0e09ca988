"""An anomaly model as one module: pixels in, anomaly map and score out."""
from __future__ import annotations

import copy
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log
from torch import Tensor, nn

from anomaly_rd.models import MultiresolutionDistillation
from anomaly_rd.models.teacher_student import TeacherStudentModel
from anomaly_rd.registry import DATASETS, TRANSFORMS
from mminspect.core.errors import UserError
from mminspect.runtime.dataset_cfg import representative

from .tiles import tiles_of
from .torch_network import TorchNetwork

RESIZE = 'ResizeInspection'
#: Steps of a test pipeline that an inspection does by itself.
KNOWN_STEPS = ('LoadInspectionImage', RESIZE, 'PackAnomalyInputs')
MAP, SCORE = 'anomaly_map', 'pred_score'


class AnomalyNetwork(nn.Module):
    """Normalisation, teacher, student and smoothed map.

    Args:
        model: Its parts are used, not copied.
    """

    def __init__(self, model: TeacherStudentModel) -> None:
        super().__init__()
        # A shallow copy, which keeps a batch together that the model would hand out in data samples.
        self.model = copy.copy(model)
        self.model.add_predictions = _maps_and_scores
        self.teacher = model.teacher  # no submodule of the model
        for name in ('mean', 'std'):
            self.register_buffer(name, getattr(model.data_preprocessor, name).clone(), persistent=False)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images (N, H, W, 3) float32, RGB, 0..255, to anomaly maps (N, H, W) and scores (N,)."""
        return self.model(self.normalised(images), mode='predict')

    def normalised(self, images: Tensor) -> Tensor:
        """What the model sees, (N, 3, H, W), laid out as mmengine does it: gradients jump where roundings differ."""
        return ((images.permute(0, 3, 1, 2) - self.mean) / self.std).contiguous()


class ScoreNetwork(AnomalyNetwork):
    """The score alone, of a model whose map is made of gradients."""

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images (N, H, W, 3) float32, RGB, 0..255, to scores (N,)."""
        return (self.model.score(self.normalised(images)).float(),)


def anomaly_network(cfg: Config, model: nn.Module) -> tuple[AnomalyNetwork, dict[str, Any]]:
    """The network of an anomaly model, and what a :class:`~mminspect.inspection.spec.NetworkSpec` says of it.

    Args:
        cfg: Its config; the test pipeline gives the input size.
        model: The model; its parts are used, not copied.

    Returns:
        The network, and the fields kind, classes, input_size, keep_ratio, pad_rgb, outputs, tile and overlap.

    Raises:
        UserError: The model is of another kind, or the test pipeline fixes no size or does more than that.
    """
    if not isinstance(model, TeacherStudentModel):
        raise UserError(f'{type(model).__name__} in {cfg.filename} is no anomaly model with a teacher: derive it from '
                        'TeacherStudentModel')
    network = AnomalyNetwork(model)
    dataset = representative((cfg.get('test_dataloader') or {}).get('dataset') or {}, ('pipeline', ))
    return network, dict(
        kind='anomaly', classes=('defect',), input_size=_input_size(dataset.get('pipeline') or (), cfg.filename),
        keep_ratio=False, pad_rgb=tuple(network.mean.flatten().tolist()), outputs=(MAP, SCORE),
        **tiles_of(dataset, DATASETS))


def exportable(network: TorchNetwork) -> TorchNetwork:
    """The same network, or the score alone where a graph of operators cannot compute the map, which is logged."""
    model = getattr(network.module, 'model', None)
    if not isinstance(model, MultiresolutionDistillation):
        return network
    print_log(f'{network.spec.name}: its anomaly map is made of gradients, which no exported file computes; the file '
              'gives pred_score alone', logger='current', level=logging.WARNING)
    return TorchNetwork(ScoreNetwork(model), replace(network.spec, outputs=(SCORE,)))


def _maps_and_scores(_: None, maps: Tensor, scores: Tensor, level_maps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """In place of :meth:`TeacherStudentModel.add_predictions`."""
    return maps, scores


def _input_size(pipeline: Sequence[dict[str, Any]], config: str | None) -> tuple[int, int]:
    """(H, W) of the pipeline's only resizing."""
    sizes = []
    for step in pipeline:
        name = step['type'].split('.')[-1]
        if name not in KNOWN_STEPS:
            raise UserError(f'the test pipeline of {config} has a {name}, which an inspection outside of mmengine does '
                            f'not do: leave only {", ".join(KNOWN_STEPS)}')
        if name == RESIZE:
            sizes.append(tuple(TRANSFORMS.build(step).size))
    if len(sizes) != 1:
        raise UserError(f'the test pipeline of {config} has {len(sizes)} {RESIZE}: exactly one gives the network its '
                        'input size')
    return sizes[0]

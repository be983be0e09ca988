"""An anomaly model as one module: pixels in, anomaly map and score out."""
from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import TRANSFORMS
from torch import Tensor, nn

from mminspect.core.errors import UserError
from mminspect.inspection.tasks.anomaly import MAP, SCORE
from mminspect.models.anomaly_model import EXPORT, EXPORT_MAP, AnomalyModel
from mminspect.models.contract import contract_of
from mminspect.runtime.dataset_cfg import representative
from mminspect.vision.reading import Reading

from .tiles import tiles_of
from .torch_network import TorchNetwork

RESIZE, CROP = 'ResizeInspection', 'CentreCrop'
#: Steps of a test pipeline that an inspection does by itself.
KNOWN_STEPS = ('LoadInspectionImage', RESIZE, CROP, 'PackAnomalyInputs')


class AnomalyNetwork(nn.Module):
    """Normalisation and an anomaly model: pixels to anomaly map and score.

    Args:
        model: Used, not copied.
        outputs: Names of what it gives, in the order of the returned tensors: :data:`MAP` and :data:`SCORE`, or the
            latter alone.
    """

    def __init__(self, model: AnomalyModel, outputs: tuple[str, ...] = (MAP, SCORE)) -> None:
        super().__init__()
        self.model, self.outputs = model, outputs
        for name, module in model.outside_modules().items():  # or their weights would be no weights of the export
            self.add_module(name, module)
        for name in ('mean', 'std'):
            self.register_buffer(name, getattr(model.data_preprocessor, name).clone(), persistent=False)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images (N, H, W, 3) float32, RGB, 0..255, to anomaly maps (N, H, W) and scores (N,)."""
        if self.outputs == (SCORE,):
            return (self.model.score(self.normalised(images)).float(),)
        maps = self.model.score_maps(self.normalised(images))
        return maps.anomaly_map, maps.score

    def normalised(self, images: Tensor) -> Tensor:
        """What the model sees, (N, 3, H, W), laid out as mmengine does it: gradients jump where roundings differ."""
        return ((images.permute(0, 3, 1, 2) - self.mean) / self.std).contiguous()


def anomaly_network(cfg: Config, model: nn.Module) -> tuple[AnomalyNetwork, dict[str, Any]]:
    """The network of an anomaly model, and what a :class:`~mminspect.inspection.spec.NetworkSpec` says of it.

    Args:
        cfg: Its config; the test pipeline gives the input size.
        model: The model; its parts are used, not copied.

    Returns:
        The network, and the fields kind, classes, input_size, image_size, keep_ratio, pad_rgb, reading, outputs, tile
        and overlap.

    Raises:
        UserError: The model is of another kind, or the test pipeline fixes no size or does more than that.
    """
    test_set = (cfg.get('test_dataloader') or {}).get('dataset') or {}
    dataset = representative(test_set, ('pipeline', ))
    seen, tiles = _geometry(dataset.get('pipeline') or (), cfg.filename), tiles_of(test_set)
    if seen['image_size'] is not None and tiles['tile'] is not None:
        raise UserError(f'the test pipeline of {cfg.filename} has a {CROP}, so that the maps of tiles do not cover the '
                        'image: take it out')
    network = AnomalyNetwork(model, _outputs_of(model, seen['input_size']))
    return network, dict(kind='anomaly', classes=('defect',), keep_ratio=False, outputs=network.outputs,
                         pad_rgb=tuple(network.mean.flatten().tolist()), **seen, **tiles)


def exportable(network: TorchNetwork) -> TorchNetwork:
    """The same network, or the score alone where a graph of operators cannot compute the map, which is logged.

    Raises:
        UserError: No graph of operators can compute the model.
    """
    limits = contract_of(network.module.model).limits
    if EXPORT in limits:
        raise UserError(f'{network.spec.name} cannot be exported, because {limits[EXPORT]}: inspect with the '
                        'checkpoint')
    if EXPORT_MAP not in limits:
        return network
    print_log(f'{network.spec.name}: the map cannot be exported, because {limits[EXPORT_MAP]}; the file gives '
              'pred_score alone', logger='current', level=logging.WARNING)
    return TorchNetwork(AnomalyNetwork(network.module.model, (SCORE,)), replace(network.spec, outputs=(SCORE,)))


@torch.inference_mode()
def _outputs_of(model: AnomalyModel, size: tuple[int, int]) -> tuple[str, ...]:
    """Names of what the model gives for an image of this size, once it is seen that it keeps its contract."""
    found = model.eval().score_maps(torch.zeros(1, 3, *size, device=model.data_preprocessor.mean.device))
    given = tuple(found.score.shape), found.anomaly_map if found.anomaly_map is None else tuple(found.anomaly_map.shape)
    if given[0] != (1,) or given[1] not in (None, (1, *size)):
        raise UserError(f'{type(model).__name__}.score_maps gives a score of shape {given[0]} and a map of shape '
                        f'{given[1]} for an image of {size[0]}x{size[1]}: (1,) and (1, {size[0]}, {size[1]}), or None '
                        'for no map, are expected')
    return (SCORE,) if given[1] is None else (MAP, SCORE)


def _geometry(pipeline: Sequence[dict[str, Any]], config: str | None) -> dict[str, Any]:
    """Fields input_size, image_size and reading of the spec: what the steps of a pipeline do to an image."""
    sizes: dict[str, list[tuple[int, int]]] = {RESIZE: [], CROP: []}
    for step in pipeline:
        name = step['type'].split('.')[-1]
        if name not in KNOWN_STEPS or (name == RESIZE and sizes[CROP]):
            raise UserError(f'the test pipeline of {config} has a {name} that an inspection outside of mmengine does '
                            f'not do there: leave only {", ".join(KNOWN_STEPS)}, in this order')
        if name in sizes:
            with TRANSFORMS.switch_scope_and_registry(None) as registry:
                sizes[name].append(tuple(registry.build(step).size))
    if len(sizes[RESIZE]) != 1 or len(sizes[CROP]) > 1:
        raise UserError(f'the test pipeline of {config} has {len(sizes[RESIZE])} {RESIZE} and {len(sizes[CROP])} '
                        f'{CROP}: exactly one {RESIZE}, and one {CROP} behind it if any, give the input size')
    ((resized,), cropped) = sizes[RESIZE], sizes[CROP]
    return dict(input_size=cropped[0] if cropped else resized, image_size=resized if cropped else None,
                reading=Reading.of_pipeline(pipeline))

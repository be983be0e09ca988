"""Which weights, in which network, behind which preparation of the image: one short name for all three."""
from __future__ import annotations

import hashlib
import json
from typing import Any

from mmengine.config import Config
from torch import nn

from mminspect.models.contract import contract_of
from mminspect.models.digests import weights_sha256
from mminspect.runtime.dataset_cfg import representative

#: Entries of a model's config that only say where weights came from: the weights themselves are counted.
ORIGINS = ('init_cfg', 'weights', 'teacher_ckpt', 'teacher_config')
DIGITS = 16


def fingerprint(cfg: Config, model: nn.Module) -> str:
    """The first 16 hexadecimal digits of a SHA-256 over the weights and the config of a model.

    Of the config, what an inspection depends on counts: the model and the test pipeline. Folders and schedules do not,
    so that a checkpoint has one fingerprint on every machine, whether it is exported or not.

    Args:
        cfg: Config with ``model``.
        model: Built from it, with its weights; those of a frozen teacher count too.
    """
    weights = contract_of(model).inference_weights()
    dataset = representative((cfg.get('test_dataloader') or {}).get('dataset') or {}, ('pipeline', ))
    described = dict(model=_without_origins(cfg.model), pipeline=_without_origins(dataset.get('pipeline')))
    text = json.dumps(described, sort_keys=True, default=str)
    return hashlib.sha256(f'{weights_sha256(weights)}{text}'.encode()).hexdigest()[:DIGITS]


def _without_origins(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_origins(value) for key, value in node.items() if key not in ORIGINS}
    if isinstance(node, (list, tuple)):
        return [_without_origins(value) for value in node]
    return node

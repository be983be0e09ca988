"""A detector from its config, with the weights of a checkpoint or none, and never anything from the network."""
from __future__ import annotations

import logging
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import load_checkpoint
from torch import nn

from mminspect.core.log import quiet_log
from mminspect.core.setup import setup
from mminspect.runtime import check_checkpoint, explain_errors

from .checkpoint import teacher_included


def build_model(cfg: Config, device: str | torch.device = 'cpu') -> nn.Module:
    """The model of ``cfg`` in eval mode, with weights of no meaning and without pretrained ones.

    Args:
        cfg: Config with key ``model``.
        device: Where the weights lie; 'meta' for weights without memory.

    Raises:
        UserError: The config names an unknown component or argument.
    """
    setup()
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    with explain_errors(cfg), torch.device(device):
        model = MODELS.build(without_pretrained(cfg.model))
    return model.to(device).eval()


def load_model(cfg: Config, checkpoint: str | None, device: str | torch.device = 'cpu') -> nn.Module:
    """The model of ``cfg`` in eval mode with the weights of ``checkpoint``, initialised at random if that is None.

    Raises:
        UserError: As :func:`build_model`; or the checkpoint is missing, damaged or of another model.
    """
    with teacher_included(checkpoint):
        model = build_model(cfg)
    if checkpoint is None:
        _initialise(model)
        print_log(f'{cfg.filename}: no checkpoint is given, the weights are RANDOM', logger='current',
                  level=logging.WARNING)
    else:
        check_checkpoint(model, checkpoint)
        load_checkpoint(model, checkpoint, map_location='cpu', logger='silent')
    return model.to(device).eval()


def _initialise(model: nn.Module) -> None:
    with quiet_log():  # mmengine logs four lines for every parameter
        # Child by child: a distilled detector as a whole would ask for its teacher, which no prediction needs.
        for child in model.children():
            if hasattr(child, 'init_weights'):
                child.init_weights()


def without_pretrained(cfg: Any) -> Any:
    """A copy of a model config in which no part names pretrained weights (``init_cfg`` of type 'Pretrained')."""
    if isinstance(cfg, dict):
        return type(cfg)({key: None if key == 'init_cfg' and _is_pretrained(value) else without_pretrained(value)
                          for key, value in cfg.items()})
    if isinstance(cfg, (list, tuple)):
        return type(cfg)(without_pretrained(value) for value in cfg)
    return cfg


def _is_pretrained(init_cfg: Any) -> bool:
    return isinstance(init_cfg, dict) and init_cfg.get('type') in ('Pretrained', 'PretrainedInit')

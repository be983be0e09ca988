"""A detector from its config, with the weights of a checkpoint or none, and never anything from the network."""
from __future__ import annotations

import logging
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import MODELS, init_default_scope
from torch import nn

from mminspect.core.components import explain_errors
from mminspect.core.config_entries import require_entries
from mminspect.core.log import quiet_log
from mminspect.core.setup import setup

from .checkpoint import Checkpoint, without_teacher_files


def build_model(cfg: Config, device: str | torch.device = 'cpu', teacher_files: bool = True) -> nn.Module:
    """The model of ``cfg`` in eval mode, with weights of no meaning and without pretrained ones.

    Args:
        cfg: Config with key ``model``.
        device: Where the weights lie; 'meta' for weights without memory.
        teacher_files: Whether a frozen teacher reads the file of its weights.

    Raises:
        UserError: The config has no model or names an unknown component or argument, or the teacher's weights are not
            there.
    """
    setup()
    require_entries(cfg, 'model')
    scope = cfg.get('default_scope', 'mmdet')
    init_default_scope(scope)
    described = without_pretrained(cfg.model if teacher_files else without_teacher_files(cfg.model, scope))
    with explain_errors(cfg), torch.device(device):
        model = MODELS.build(described)
    return model.to(device).eval()


def load_model(cfg: Config, checkpoint: Checkpoint | str | None, device: str | torch.device = 'cpu') -> nn.Module:
    """The model of ``cfg`` in eval mode with the weights of ``checkpoint``, initialised at random if that is None.

    Raises:
        UserError: As :func:`build_model`; or the checkpoint is missing, damaged or of another model.
    """
    if checkpoint is None:
        model = build_model(cfg)
        _initialise(model)
        print_log(f'{cfg.filename}: no checkpoint is given, the weights are RANDOM', logger='current',
                  level=logging.WARNING)
        return model.to(device).eval()
    opened = Checkpoint.open(checkpoint) if isinstance(checkpoint, str) else checkpoint
    model = build_model(cfg, teacher_files=not opened.holds_teacher)
    opened.load_into(model)
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
        return type(cfg)({key: _without_pretrained(value) if key == 'init_cfg' else without_pretrained(value)
                          for key, value in cfg.items()})
    if isinstance(cfg, (list, tuple)):
        return type(cfg)(without_pretrained(value) for value in cfg)
    return cfg


def _without_pretrained(init_cfg: Any) -> Any:
    """An ``init_cfg``, one dict or several, without those that read weights; None if none is left."""
    several = list(init_cfg) if isinstance(init_cfg, (list, tuple)) else [init_cfg]
    kept = [one for one in several
            if not (isinstance(one, dict) and one.get('type') in ('Pretrained', 'PretrainedInit'))]
    return None if not kept else kept if isinstance(init_cfg, (list, tuple)) else init_cfg

"""Whether a checkpoint can begin or continue a training; whether a model has weights at all."""
from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import torch
from mmengine.config import Config
from mmengine.logging import print_log

from mminspect.core.errors import UserError
from mminspect.engine import unwrap

if TYPE_CHECKING:
    from mminspect.models.checkpoint import Checkpoint


def announce_initial_weights(cfg: Config) -> None:
    """Log a warning when nothing gives a model with a backbone pretrained weights; teachers speak for themselves."""
    backbone = cfg.model.get('backbone')
    given = cfg.get('load_from') or cfg.get('resume') or cfg.model.get('init_cfg')
    if backbone is None or given or backbone.get('init_cfg'):
        return
    print_log('The model starts from RANDOM weights: no init_cfg in model.backbone and no load_from.',
              logger='current', level=logging.WARNING)


def check_checkpoint(model: torch.nn.Module, checkpoint: Checkpoint, resume: bool = False) -> None:
    """Load a checkpoint into a model, where mmengine would only warn about what does not fit, and go on.

    Args:
        model: Built from the config.
        checkpoint: To test, or to go on from.
        resume: Whether a training is to go on from it.

    Raises:
        UserError: It belongs to another model or to another teacher's weights, or holds weights alone, from which no
            training can go on.
    """
    if resume and not checkpoint.is_training_state:
        raise UserError(f'checkpoint {checkpoint.path} holds weights alone, not the state of a training: name an '
                        'epoch_*.pth or iter_*.pth file of a training with --resume, or start from it with '
                        f'--cfg-options load_from={checkpoint.path}')
    checkpoint.load_into(model)


def check_initial_weights(model: torch.nn.Module, checkpoint: Checkpoint) -> None:
    """Make sure that ``load_from`` gives the model something; a head of another shape is allowed.

    Raises:
        UserError: Not one of its weights fits.
    """
    own, weights = unwrap(model).state_dict(), checkpoint.weights
    if not any(name in own and own[name].shape == weights[name].shape for name in weights):
        raise UserError(f'load_from={checkpoint.path} has no weight in common with this model (it begins with '
                        f'{next(iter(weights), "nothing")}): name a checkpoint of this architecture')

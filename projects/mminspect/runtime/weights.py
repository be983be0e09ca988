"""Whether a checkpoint belongs to a model; whether a model has one at all."""
from __future__ import annotations

import logging
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import print_log

from mminspect.core.errors import UserError
from mminspect.engine import unwrap
from mminspect.models.checkpoint import load_from_local

#: Key of a checkpoint: SHA-256 of a teacher's weights that predictions need and that are not in the checkpoint.
TEACHER_KEY = 'teacher_sha256'


def announce_initial_weights(cfg: Config) -> None:
    """Log a warning when nothing gives a model with a backbone pretrained weights; teachers speak for themselves."""
    backbone = cfg.model.get('backbone')
    given = cfg.get('load_from') or cfg.get('resume') or cfg.model.get('init_cfg')
    if backbone is None or given or backbone.get('init_cfg'):
        return
    print_log('The model starts from RANDOM weights: no init_cfg in model.backbone and no load_from.',
              logger='current', level=logging.WARNING)


def check_checkpoint(model: torch.nn.Module, path: str, resume: bool = False) -> None:
    """Make sure that a checkpoint holds all weights of ``model``, since mmengine would only warn and go on.

    A model that needs a teacher for its predictions tells with ``teacher_sha256()`` which one it has, None for one that
    comes with the checkpoint. Checkpoints that do not say which one they were trained with (older ones) fit any.

    Args:
        model: Built from the config.
        path: File; addresses are left to mmengine, which downloads them later.
        resume: Whether a training is to go on from it.

    Raises:
        UserError: The file is missing or damaged, or belongs to another model or to another teacher's weights, or holds
            weights alone, from which no training can go on.
    """
    if '://' in path:
        return
    checkpoint = load_from_local(path, map_location='cpu')
    own, weights = _own_and_loaded(model, checkpoint)
    wrong = sorted(k for k in own if k not in weights or own[k].shape != weights[k].shape)
    if wrong:
        raise UserError(f'checkpoint {path} is not one of this config: {len(wrong)} of {len(own)} weights are missing '
                        f'or of another shape (first: {wrong[0]}); test it with the config it was trained with')
    if resume and not {'meta', 'message_hub'} <= checkpoint.keys():
        raise UserError(f'checkpoint {path} holds weights alone, not the state of a training: name an epoch_*.pth or '
                        f'iter_*.pth file of a training with --resume, or start from it with --cfg-options '
                        f'load_from={path}')
    given = getattr(unwrap(model), 'teacher_sha256', lambda: None)()
    trained = checkpoint.get(TEACHER_KEY)
    if given and trained and given != trained:
        raise UserError(f'checkpoint {path} was trained with a teacher of other weights (SHA-256 {trained[:8]}...) '
                        f'than this config names ({given[:8]}...), and would give wrong numbers: set '
                        'model.teacher.weights to those of the training')


def check_initial_weights(model: torch.nn.Module, path: str) -> None:
    """Make sure that ``load_from`` gives the model something; a head of another shape is allowed.

    Raises:
        UserError: The file is missing or damaged, or not one of its weights fits.
    """
    if '://' in path:
        return
    own, weights = _own_and_loaded(model, load_from_local(path, map_location='cpu'))
    if not any(k in own and own[k].shape == weights[k].shape for k in weights):
        raise UserError(f'load_from={path} has no weight in common with this model (it begins with '
                        f'{next(iter(weights), "nothing")}): name a checkpoint of this architecture')


def _own_and_loaded(model: torch.nn.Module,
                    checkpoint: dict[str, Any]) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """State dicts of the model (without its DDP wrapper) and of a loaded file."""
    weights = {k.removeprefix('module.'): v for k, v in checkpoint.get('state_dict', checkpoint).items()}
    return unwrap(model).state_dict(), weights

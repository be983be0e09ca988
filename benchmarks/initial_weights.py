"""Save the weights that a config's model begins with: ``python initial_weights.py CONFIG OUT.pth``.

Runs in whatever version of the project is on PYTHONPATH and therefore asks nothing of it but its components.
"""
from __future__ import annotations

import sys

import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope


def main(config: str, out: str) -> None:
    cfg = Config.fromfile(config)
    init_default_scope(cfg.default_scope)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    torch.save(dict(state_dict=model.state_dict()), out)


if __name__ == '__main__':
    main(*sys.argv[1:])

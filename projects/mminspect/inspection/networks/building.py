"""From a config and a checkpoint to a network."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.config import Config
from torch import nn

from mminspect.core.errors import UserError
from mminspect.core.names import printable
from mminspect.inspection.spec import NetworkSpec
from mminspect.models.anomaly_model import AnomalyModel
from mminspect.models.building import load_model
from mminspect.models.checkpoint import Checkpoint

from .fingerprint import fingerprint
from .torch_network import TorchNetwork


def build_network(cfg: Config, checkpoint: Checkpoint | str | None, device: str = 'cpu') -> TorchNetwork:
    """The network of a config, with the weights and the calibration of a checkpoint.

    Args:
        cfg: Of an anomaly model (scope ``anomaly_rd``) or of a detector (scope ``mmdet``).
        checkpoint: Opened, or its path or address; None for random weights, which is announced loudly.
        device: Where it runs.

    Raises:
        UserError: The checkpoint is missing, damaged or of another model; or the model cannot be used outside of
            mmengine, with the reason.
    """
    opened = Checkpoint.open(checkpoint) if isinstance(checkpoint, str) else checkpoint
    model = load_model(cfg, opened, device)
    module, values = describe(cfg, model)
    calibration = None if opened is None else opened.calibration_for(cfg)
    name = printable(Path(cfg.filename or 'model').stem)
    spec = NetworkSpec(name=name, fingerprint=fingerprint(cfg, model), **values,
                       calibration=calibration and calibration.state())
    return TorchNetwork(module.to(device), spec)


def describe(cfg: Config, model: nn.Module) -> tuple[nn.Module, dict[str, Any]]:
    """The network of an anomaly model or of a detector, and fields of its spec.

    Raises:
        UserError: The model is neither, or cannot be used outside of mmengine, with the reason.
    """
    if isinstance(model, AnomalyModel):
        from .anomaly import anomaly_network
        return anomaly_network(cfg, model)
    if cfg.get('default_scope', 'mmdet') != 'mmdet':
        raise UserError(f'{type(model).__name__} in {cfg.filename} is no AnomalyModel: derive it from '
                        'mminspect.models.anomaly_model.AnomalyModel, see docs/add_a_method.md')
    from .detection import detection_network
    return detection_network(cfg, model)

"""From a config and a checkpoint to a network."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn

from mminspect.core.errors import UserError
from mminspect.decisions import Calibration
from mminspect.inspection.spec import NetworkSpec
from mminspect.models.anomaly_model import AnomalyModel
from mminspect.models.building import load_model

from .fingerprint import fingerprint
from .torch_network import TorchNetwork

#: Key of a checkpoint that holds the state of its calibration.
CALIBRATION_KEY = 'threshold'


def build_network(cfg: Config, checkpoint: str | None, device: str = 'cpu') -> TorchNetwork:
    """The network of a config, with the weights and the calibration of a checkpoint.

    Args:
        cfg: Of an anomaly model (scope ``anomaly_rd``) or of a detector (scope ``mmdet``).
        checkpoint: Path or URL; None for random weights, which is announced loudly.
        device: Where it runs.

    Raises:
        UserError: The checkpoint is missing, damaged or of another model; or the model cannot be used outside of
            mmengine, with the reason.
    """
    model = load_model(cfg, checkpoint, device)
    module, values = describe(cfg, model)
    name = Path(cfg.filename or 'model').stem
    spec = NetworkSpec(name=name, fingerprint=fingerprint(cfg, model), calibration=_calibration(cfg, checkpoint),
                       **values)
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


def _calibration(cfg: Config, path: str | None) -> dict[str, Any] | None:
    """The state in a checkpoint, in its newest form; None, with a warning, if it belongs to other maps than these."""
    if path is None:
        return None
    checkpoint = CheckpointLoader.load_checkpoint(path, map_location='cpu', logger='silent')
    if cfg.get('default_scope') == 'anomaly_rd':
        from anomaly_rd.engine.threshold import calibration_of
        found = calibration_of(checkpoint, cfg.model)
    else:
        state = checkpoint.get(CALIBRATION_KEY)
        found = None if state is None else Calibration.from_state(state)
    return None if found is None else found.state()

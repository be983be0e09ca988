"""What the project asks of any model, an anomaly model or a detector of mmdet: the one place that tells them apart."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from .anomaly_model import AnomalyModel


@dataclass(frozen=True)
class PlainModel:
    """A model that keeps everything in its own parameters and buffers, such as a detector of mmdet.

    Attributes:
        model: The model itself.
    """

    model: nn.Module

    @property
    def limits(self) -> Mapping[str, str]:
        """As :attr:`AnomalyModel.limits`: none is known."""
        return {}

    def inference_weights(self) -> dict[str, Tensor]:
        """As :meth:`AnomalyModel.inference_weights`."""
        return dict(self.model.state_dict())

    def inference_parameters(self) -> list[nn.Parameter]:
        """As :meth:`AnomalyModel.inference_parameters`; what only a training needs is in no checkpoint."""
        saved = self.model.state_dict().keys()
        return [parameter for name, parameter in self.model.named_parameters() if name in saved]

    def teacher_sha256(self) -> str | None:
        """As :meth:`AnomalyModel.teacher_sha256`."""
        return None


def contract_of(model: nn.Module) -> AnomalyModel | PlainModel:
    """The model itself if it is an :class:`AnomalyModel`, else what can be said of every other one."""
    return model if isinstance(model, AnomalyModel) else PlainModel(model)

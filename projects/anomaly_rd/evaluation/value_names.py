"""The values that the metrics of anomaly detection give, known before a training looks for one of them."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anomaly_rd.registry import METRICS
from mminspect.runtime import CHECKS

from .anomaly_metric import AnomalyMetric


@CHECKS.register('values')
def anomaly_values(metric: Mapping[str, Any]) -> list[str] | None:
    """Names of the values of an :class:`AnomalyMetric`; None for other metrics."""
    kind = metric.get('type')
    kind = METRICS.get(kind) if isinstance(kind, str) else kind
    if not (isinstance(kind, type) and issubclass(kind, AnomalyMetric)):
        return None
    built = METRICS.build(dict(metric))
    return [f'{built.prefix}/{name}' if built.prefix else name for name in built.value_names()]

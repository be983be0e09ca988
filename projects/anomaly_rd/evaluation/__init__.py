"""Metrics."""
from . import value_names  # noqa: F401 (registers what it knows)
from .anomaly_metric import AnomalyMetric
from .stitched_metric import StitchedAnomalyMetric
from .summary import METRIC_NAMES

__all__ = ['METRIC_NAMES', 'AnomalyMetric', 'StitchedAnomalyMetric']

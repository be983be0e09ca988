"""Metrics."""
from .anomaly_metric import AnomalyMetric
from .summary import METRIC_NAMES

__all__ = ['METRIC_NAMES', 'AnomalyMetric']

"""Metrics."""
from .inspection_coco_metric import InspectionCocoMetric

__all__ = ['InspectionCocoMetric']

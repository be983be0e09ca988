"""Metrics."""
from .inspection_coco_metric import InspectionCocoMetric
from .stitched_coco_metric import StitchedCocoMetric

__all__ = ['InspectionCocoMetric', 'StitchedCocoMetric']

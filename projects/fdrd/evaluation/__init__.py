"""Metrics."""
from . import metric_needs, same_images  # noqa: F401 (they register checks)
from .inspection_coco_metric import InspectionCocoMetric
from .stitched_coco_metric import StitchedCocoMetric

__all__ = ['InspectionCocoMetric', 'StitchedCocoMetric']

"""Metrics."""
from . import same_images  # noqa: F401 (registers its check)
from .inspection_coco_metric import InspectionCocoMetric
from .stitched_coco_metric import StitchedCocoMetric

__all__ = ['InspectionCocoMetric', 'StitchedCocoMetric']

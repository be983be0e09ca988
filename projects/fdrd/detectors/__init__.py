"""Detectors."""
from .distilled_detector import DistilledDetector

__all__ = ['DistilledDetector']

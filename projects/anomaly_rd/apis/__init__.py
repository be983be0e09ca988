"""The Python interface."""
from .inferencer import AnomalyInferencer

__all__ = ['AnomalyInferencer']

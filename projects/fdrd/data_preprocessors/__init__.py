"""Data preprocessors."""
from .dual_view import DualViewDetDataPreprocessor

__all__ = ['DualViewDetDataPreprocessor']

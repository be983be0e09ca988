"""Backbones."""
from .timm_pyramid import TIMMPyramid

__all__ = ['TIMMPyramid']

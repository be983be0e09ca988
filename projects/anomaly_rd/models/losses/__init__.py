"""Losses."""
from .cosine import CosineDistillationLoss
from .multiresolution import MultiresolutionLoss
from .segmentation import FocalL1Loss

__all__ = ['CosineDistillationLoss', 'FocalL1Loss', 'MultiresolutionLoss']

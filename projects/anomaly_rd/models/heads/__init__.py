"""Heads: from the features of teacher and student to a segmentation."""
from .pyramid import ASPP, FPN, SPP
from .refinement import RefinementHead

__all__ = ['ASPP', 'FPN', 'SPP', 'RefinementHead']

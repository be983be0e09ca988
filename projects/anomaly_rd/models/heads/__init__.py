"""Heads: from the features of teacher and student to anomaly maps, scores and segmentations."""
from .maps import CosineMapHead, GaussianBlur
from .patch_maps import PatchMapHead
from .pyramid import ASPP, FPN, SPP
from .refinement import RefinementHead

__all__ = ['ASPP', 'FPN', 'SPP', 'CosineMapHead', 'GaussianBlur', 'PatchMapHead', 'RefinementHead']

"""Distillation losses. Each knows tensors only: no heads, no anchors, no assignment."""
from .distribution_kl import DistributionKLLoss
from .kd_quality_focal import KDQualityFocalLoss
from .pkd import PKDLoss

__all__ = ['DistributionKLLoss', 'KDQualityFocalLoss', 'PKDLoss']

"""Distillation terms. Each is a module ``forward(student: Trace, teacher: Trace, targets: DenseTargets) -> losses``."""
from .cross_head import CrossHeadKD
from .feature_pkd import FeaturePKD
from .localization import LocalizationKD
from .term import DistillationTerm

__all__ = ['CrossHeadKD', 'DistillationTerm', 'FeaturePKD', 'LocalizationKD']

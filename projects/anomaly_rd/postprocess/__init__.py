"""From scores and maps to decisions: the numbers that a calibration is fitted on, labels."""
from .decisions import label_samples, normal_image

__all__ = ['label_samples', 'normal_image']

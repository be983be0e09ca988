"""From scores and maps to decisions: the numbers that a calibration is fitted on, labels."""
from .calibration import normal_image
from .label import label_samples

__all__ = ['label_samples', 'normal_image']

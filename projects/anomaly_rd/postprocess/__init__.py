"""From scores and maps to decisions: calibration on normal images, labels."""
from .calibration import NormalImage, calibrate
from .label import label_samples

__all__ = ['NormalImage', 'calibrate', 'label_samples']

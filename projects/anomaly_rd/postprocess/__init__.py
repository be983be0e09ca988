"""From scores and maps to decisions: calibration on normal images, labels."""
from .calibration import NormalImage, calibrate
from .label import label_samples
from .map_settings import map_settings

__all__ = ['NormalImage', 'calibrate', 'label_samples', 'map_settings']

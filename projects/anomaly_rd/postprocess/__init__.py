"""From scores and maps to decisions: thresholds and colour scales fitted on normal images."""
from .calibration import Calibration, MapScale, NormalImage, calibrate
from .label import label_samples
from .threshold import Threshold, fit_threshold, oracle_threshold

__all__ = ['Calibration', 'MapScale', 'NormalImage', 'Threshold', 'calibrate', 'fit_threshold', 'label_samples',
           'oracle_threshold']

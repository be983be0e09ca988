"""From scores to decisions, fitted on normal images alone."""
from .calibration import Calibration, MapScale
from .changes import calibration_changes
from .drift import SMALLEST_WINDOW, DriftMonitor, DriftReport
from .fitting import NormalImage, digest_of, distinct_images, fit_calibration
from .normal_scores import NormalScores, RateEstimate, lowest_percentage, needed_images, percentage
from .refitting import refit_calibration, same_images
from .threshold import HOLDOUT, ORACLE, RULES, TRAINING, Threshold, fit_threshold, oracle_threshold

__all__ = [
    'HOLDOUT', 'ORACLE', 'RULES', 'SMALLEST_WINDOW', 'TRAINING', 'Calibration', 'DriftMonitor', 'DriftReport',
    'MapScale', 'NormalImage', 'NormalScores', 'RateEstimate', 'Threshold', 'calibration_changes', 'digest_of',
    'distinct_images', 'fit_calibration', 'fit_threshold', 'lowest_percentage', 'needed_images', 'oracle_threshold',
    'percentage', 'refit_calibration', 'same_images'
]

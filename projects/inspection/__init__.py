"""From a trained model to decisions: one result for every model, exported or not, on images of any size."""
from .inspector import Inspector
from .load import load_inspector
from .result import InspectionResult

__all__ = ['InspectionResult', 'Inspector', 'load_inspector']

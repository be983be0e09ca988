"""From a trained model to decisions: one result for every model, exported or not, on images of any size."""
import os

# Before anything imports ONNX Runtime, which keeps a file in the home folder and sends it to its makers.
os.environ.setdefault('ORT_DISABLE_TELEMETRY', '1')

from .inspector import Inspector
from .load import load_inspector
from .result import InspectionResult

__all__ = ['InspectionResult', 'Inspector', 'load_inspector']

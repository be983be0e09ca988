"""From networks on PyTorch to files that other runtimes compute."""
from mminspect.inspection.backends import set_calibration

from .onnx_export import Difference, export_onnx

__all__ = ['Difference', 'export_onnx', 'set_calibration']

"""From networks on PyTorch to files that other runtimes compute."""
from mminspect.inspection.backends import set_calibration

from .exporting import Difference, export_network
from .onnx_export import OnnxTarget, export_onnx
from .target import Target, is_target, make_target, register_target

__all__ = ['Difference', 'OnnxTarget', 'Target', 'export_network', 'export_onnx', 'is_target', 'make_target',
           'register_target', 'set_calibration']

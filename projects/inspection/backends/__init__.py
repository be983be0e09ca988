"""Exported networks: the runtimes that compute them."""
from .metadata import model_spec, set_calibration
from .onnx_network import OnnxNetwork
from .opening import RUNTIMES, open_network
from .openvino_network import OpenVinoNetwork

__all__ = ['RUNTIMES', 'OnnxNetwork', 'OpenVinoNetwork', 'model_spec', 'open_network',
           'set_calibration']

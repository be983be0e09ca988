"""Exported networks: the runtimes that compute them."""
from .metadata import model_spec, set_calibration
from .onnx_network import OnnxNetwork
from .opening import open_network
from .openvino_network import OpenVinoNetwork

__all__ = ['OnnxNetwork', 'OpenVinoNetwork', 'model_spec', 'open_network',
           'set_calibration']

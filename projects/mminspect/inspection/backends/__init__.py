"""Exported networks: the runtimes that compute them."""
from .metadata import model_spec
from .onnx_network import OnnxNetwork
from .opening import check_device, open_network, set_calibration
from .openvino_network import OpenVinoNetwork
from .runtime import (
    ExportedNetwork,
    exported_suffixes,
    find_runtime,
    is_exported,
    register_runtime,
    runtime_names,
)

__all__ = ['ExportedNetwork', 'OnnxNetwork', 'OpenVinoNetwork', 'check_device', 'exported_suffixes', 'find_runtime',
           'is_exported', 'model_spec', 'open_network', 'register_runtime', 'runtime_names', 'set_calibration']

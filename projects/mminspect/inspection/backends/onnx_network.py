"""An exported network on ONNX Runtime."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mminspect.core.errors import UserError

from .metadata import check_file, check_graph, compare_checksum, damaged, set_calibration, spec_of
from .runtime import ExportedNetwork, register_runtime


@register_runtime('onnxruntime', suffix='.onnx')
class OnnxNetwork(ExportedNetwork):
    """A :class:`~mminspect.inspection.network.Network` on the CPU by ONNX Runtime, in the precision of the file.

    Args:
        path: The file that :func:`mminspect.inspection.export.export_onnx` has written.
        threads: The number of threads that one operator may use; None for one on every core.
        precision: 'f32'.
        device: 'cpu'.

    Attributes:
        runtime: 'onnxruntime'.
        precision: 'f32'.
        spec: What goes in and comes out.

    Raises:
        UserError: The file is missing, damaged, without a description, or ONNX Runtime is not installed.
    """

    def __init__(self, path: str | Path, threads: int | None = None, precision: str = 'f32',
                 device: str = 'cpu') -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise UserError(f'{path} needs ONNX Runtime, which cannot be imported ({error}): pip install '
                            'onnxruntime') from error
        check_file(path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads or 0, 1
        options.log_severity_level = 3  # errors
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])
            metadata = self._session.get_modelmeta().custom_metadata_map  # decoded here: bytes may be no text
            inputs, outputs = ({value.name: value.shape for value in values}
                               for values in (self._session.get_inputs(), self._session.get_outputs()))
        except Exception as error:  # its classes have no common base but this one
            raise damaged(path, error) from error
        self.precision, self.spec = precision, spec_of(metadata, path)
        compare_checksum(metadata, path)
        check_graph(self.spec, inputs, outputs, path)
        self._input = next(iter(inputs))

    def __call__(self, images: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run a batch of images (N, H, W, 3), RGB, 0..255; the spec's ``outputs`` by name."""
        names = self.spec.outputs
        return dict(zip(names, self._session.run(list(names), {self._input: images}), strict=True))

    @classmethod
    def set_calibration(cls, path: str | Path, state: dict[str, Any] | None) -> None:
        """Exchange the calibration in the file's metadata."""
        set_calibration(path, state)

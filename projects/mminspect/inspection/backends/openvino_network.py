"""An exported network on OpenVINO."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mminspect.core.errors import UserError

from .metadata import compare_checksum, described, metadata_of, read_model, reason_of, set_calibration
from .runtime import ExportedNetwork, register_runtime


@register_runtime('openvino', suffix='.onnx', precisions=('f32', 'bf16'))
class OpenVinoNetwork(ExportedNetwork):
    """A :class:`~mminspect.inspection.network.Network` on the CPU by OpenVINO, which reads the same file as ONNX
    Runtime.

    Args:
        path: The file that :func:`mminspect.inspection.export.export_onnx` has written.
        threads: The number of threads of an inference; None for OpenVINO's choice.
        precision: 'f32', or 'bf16': convolutions in bfloat16, where the processor can. OpenVINO's own default depends
            on the processor and is never used.
        device: 'cpu'.

    Attributes:
        runtime: 'openvino'.
        spec: What goes in and comes out.
        precision: The numbers that it computes in.

    Raises:
        UserError: The file is missing, damaged or without a description, OpenVINO is not installed or cannot compute
            it, or the processor does not compute in ``precision``.
    """

    def __init__(self, path: str | Path, threads: int | None = None, precision: str = 'f32',
                 device: str = 'cpu') -> None:
        try:
            import openvino
        except ImportError as error:
            raise UserError(f'runtime openvino cannot be imported ({error}): pip install .[deploy]') from error
        if precision not in self.precisions:
            raise UserError(f'precision {precision!r} is unknown to OpenVINO here: use one of '
                            f'{", ".join(self.precisions)}')
        graph = read_model(path)
        self.spec, self.precision, core = described(graph, path), precision, openvino.Core()
        if precision == 'bf16' and 'BF16' not in core.get_property('CPU', 'OPTIMIZATION_CAPABILITIES'):
            raise UserError('this processor does not compute in bf16, so that nothing would be gained: use precision '
                            'f32')
        settings = dict(PERFORMANCE_HINT='LATENCY', INFERENCE_PRECISION_HINT=precision)
        if threads:
            settings['INFERENCE_NUM_THREADS'] = threads
        try:
            self._compiled = core.compile_model(core.read_model(str(path)), 'CPU', settings)
        except RuntimeError as error:
            raise UserError(f'OpenVINO {openvino.__version__} cannot compute {path} ({reason_of(error)}): use runtime '
                            'onnxruntime') from error
        compare_checksum(metadata_of(graph, path), path)

    def __call__(self, images: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run a batch of images (N, H, W, 3), RGB, 0..255; the spec's ``outputs`` by name."""
        found = self._compiled(np.ascontiguousarray(images))
        return {name: found[name].copy() for name in self.spec.outputs}

    @classmethod
    def set_calibration(cls, path: str | Path, state: dict[str, Any] | None) -> None:
        """Exchange the calibration in the file's metadata."""
        set_calibration(path, state)

"""From a file to a network that runs."""
from __future__ import annotations

from pathlib import Path

from mminspect.core.errors import UserError
from mminspect.inspection.network import EXPORT_RUNTIMES, Network

from .onnx_network import OnnxNetwork
from .openvino_network import OpenVinoNetwork


def open_network(path: str | Path, runtime: str | None = None, threads: int | None = None,
                 precision: str | None = None) -> Network:
    """Load an exported network.

    Args:
        path: ``.onnx`` file that :func:`mminspect.inspection.export.export_onnx` has written.
        runtime: One of :data:`~mminspect.inspection.network.EXPORT_RUNTIMES`; None for ONNX Runtime.
        threads: Number of threads; None for the runtime's choice.
        precision: 'f32' (None too) or 'bf16' for OpenVINO; ONNX Runtime computes in the precision of the file.

    Raises:
        UserError: The file is missing, damaged, or not exported by this project; or the runtime is unknown, not
            installed, or cannot do what is asked for.
    """
    if threads is not None and threads < 1:
        raise UserError(f'a network needs at least 1 thread, got {threads}')
    if runtime == 'openvino':
        return OpenVinoNetwork(path, threads, precision or 'f32')
    if runtime not in (None, 'onnxruntime'):
        raise UserError(f'runtime {runtime!r} is unknown: use one of {", ".join(EXPORT_RUNTIMES)}')
    if precision not in (None, 'f32'):
        raise UserError(f'ONNX Runtime computes {path} as it was exported, not in {precision}: use runtime openvino, '
                        'or export with --int8')
    return OnnxNetwork(path, threads)

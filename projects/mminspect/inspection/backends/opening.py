"""From a file to a network that runs."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from mminspect.core.errors import UserError
from mminspect.inspection.network import Network

from .runtime import ExportedNetwork, find_runtime, runtime_names


def open_network(path: str | Path, runtime: str | None = None, threads: int | None = None,
                 precision: str | None = None, device: str = 'cpu') -> Network:
    """Load an exported network.

    Args:
        path: File that mminspect export has written.
        runtime: Name of a registered runtime; None for the first of the file's suffix, which is ONNX Runtime for
            ``.onnx``.
        threads: Number of threads; None for the runtime's choice.
        precision: One of the runtime's: 'f32' (None too) or 'bf16' for OpenVINO; ONNX Runtime computes in the
            precision of the file.
        device: One of the runtime's; ONNX Runtime and OpenVINO have 'cpu' alone.

    Raises:
        UserError: The file is missing, damaged, or not exported by this project; or the runtime is unknown, not
            installed, or cannot do what is asked for.
    """
    if threads is not None and threads < 1:
        raise UserError(f'a network needs at least 1 thread, got {threads}')
    runtime_class = find_runtime(path, runtime)
    check_device(runtime_class, path, device)
    if precision not in (None, *runtime_class.precisions):
        raise _other_precision(runtime_class, path, precision)
    return runtime_class(path, threads, precision or runtime_class.precisions[0], device)


def check_device(runtime_class: type[ExportedNetwork], path: str | Path, device: str) -> None:
    """Raise UserError if a runtime does not compute on this device."""
    if device.partition(':')[0] not in runtime_class.devices:
        places = ' or '.join('the CPU' if name == 'cpu' else name for name in runtime_class.devices)
        raise UserError(f'{path} is an exported model, which runs on {places}: give its checkpoint, or device '
                        f'{runtime_class.devices[0]} instead of {device}')


def set_calibration(path: str | Path, state: dict[str, Any] | None) -> None:
    """Give an exported file another calibration, see :meth:`ExportedNetwork.set_calibration`.

    Raises:
        UserError: The file is missing or damaged, was not exported by this project, or cannot take a calibration.
    """
    find_runtime(path).set_calibration(path, state)


def _other_precision(runtime_class: type[ExportedNetwork], path: str | Path, precision: str) -> UserError:
    others = [name for name in runtime_names(runtime_class.suffix)
              if precision in find_runtime(path, name).precisions]
    remedy = f'use runtime {" or ".join(others)}, or ' if others else ''
    return UserError(f'runtime {runtime_class.runtime} computes {path} in {" or ".join(runtime_class.precisions)}, not '
                     f'in {precision}: {remedy}leave the precision out')

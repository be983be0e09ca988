"""What computes exported files: one class a runtime, registered by its name."""
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from mminspect.core.errors import UserError
from mminspect.inspection.network import CHECKPOINTS, PYTORCH
from mminspect.inspection.registry import ClassRegistry
from mminspect.inspection.spec import NetworkSpec


class ExportedNetwork(ABC):
    """A :class:`~mminspect.inspection.network.Network` that a runtime has read from an exported file.

    Attributes:
        runtime: Name that it is registered under.
        suffix: Of the files that it reads, in small letters.
        precisions: Numbers that it can compute in, the usual ones first.
        devices: Where it can compute: 'cpu', 'cuda' (which 'cuda:1' is one of).
        precision: One of ``precisions``.
        spec: What goes in and comes out, from the file.
    """

    runtime: ClassVar[str]
    suffix: ClassVar[str]
    precisions: ClassVar[tuple[str, ...]]
    devices: ClassVar[tuple[str, ...]]
    precision: str
    spec: NetworkSpec

    @abstractmethod
    def __init__(self, path: str | Path, threads: int | None = None, precision: str = 'f32',
                 device: str = 'cpu') -> None:
        """Read the file.

        Args:
            path: The file.
            threads: Number of threads of an inference; None for the runtime's choice.
            precision: One of ``precisions``.
            device: One of ``devices``, or with a number behind a colon.

        Raises:
            UserError: The file is missing, damaged or without a description, or the runtime is not installed.
        """

    @abstractmethod
    def __call__(self, images: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run a batch of images (N, H, W, 3), RGB, 0..255; the spec's ``outputs`` by name."""

    @classmethod
    def set_calibration(cls, path: str | Path, state: dict[str, Any] | None) -> None:
        """Give a file another calibration; its network stays as it is, and so does the file if this fails.

        Args:
            path: The file to change.
            state: The state of a :class:`mminspect.decisions.Calibration`; None takes the calibration away.

        Raises:
            UserError: The file is missing or damaged, or such files cannot take one: here always.
        """
        raise UserError(f'{path} takes no calibration, because runtime {cls.runtime} does not store any: calibrate the '
                        'checkpoint and export it again')


_RUNTIMES: ClassRegistry[type[ExportedNetwork]] = ClassRegistry('runtime')
_Class = TypeVar('_Class', bound=type[ExportedNetwork])


def register_runtime(name: str, suffix: str, precisions: Sequence[str] = ('f32',),
                     devices: Sequence[str] = ('cpu',)) -> Callable[[_Class], _Class]:
    """Decorator of a class: ``--runtime NAME`` opens files with it. The first of a suffix is the default of it.

    Args:
        name: The runtime's name.
        suffix: Of the files that it reads: ``'.onnx'``.
        precisions: Numbers that it can compute in, the usual ones first.
        devices: Where it can compute.

    Raises:
        UserError: Another class has the name, or name or suffix are those of checkpoints.
    """
    if name == PYTORCH or suffix in CHECKPOINTS:
        raise UserError(f'{name!r} for {suffix} files cannot be registered as a runtime, since {PYTORCH} computes '
                        f'{" and ".join(CHECKPOINTS)}, which are checkpoints: choose another name or suffix')

    def register(runtime_class: _Class) -> _Class:
        _RUNTIMES.register(name)(runtime_class)
        runtime_class.runtime, runtime_class.suffix = name, suffix.lower()
        runtime_class.precisions, runtime_class.devices = tuple(precisions), tuple(devices)
        return runtime_class
    return register


def runtime_names(suffix: str | None = None) -> tuple[str, ...]:
    """Names in the order of registration: of all runtimes, or of those that read files of this suffix."""
    return tuple(found.runtime for found in _RUNTIMES.classes() if suffix in (None, found.suffix))


def exported_suffixes() -> tuple[str, ...]:
    """Of the files that some runtime reads."""
    return tuple(dict.fromkeys(found.suffix for found in _RUNTIMES.classes()))


def is_exported(path: str | Path) -> bool:
    """Whether the name of a file is that of an exported model."""
    return Path(path).suffix.lower() in exported_suffixes()


def find_runtime(path: str | Path, name: str | None = None) -> type[ExportedNetwork]:
    """The runtime that opens a file.

    Args:
        path: Of the file, of which the suffix is looked at.
        name: Of the runtime; None: the first that was registered for the suffix.

    Raises:
        UserError: There is none for the suffix, none of this name, or it reads other files.
    """
    readers = runtime_names(Path(path).suffix.lower())
    if name is not None and name not in _RUNTIMES:
        raise UserError(f'runtime {name!r} is unknown: use one of {", ".join(runtime_names())}, or name the module '
                        'that registers it (--import)')
    if not readers:
        raise UserError(f'{path} is no {" or ".join(exported_suffixes())} file: name one that mminspect export '
                        'has written, or the module that registers a runtime for it (--import)')
    if name is not None and name not in readers:
        raise UserError(f'runtime {name} reads {_RUNTIMES.get(name).suffix} files and not {path}: use runtime '
                        f'{" or ".join(readers)}')
    return _RUNTIMES.get(name or readers[0])

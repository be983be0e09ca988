"""Forms that a network is exported to: one class a target, registered by its name."""
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from mminspect.core.errors import UserError
from mminspect.inspection.networks import TorchNetwork
from mminspect.inspection.registry import ClassRegistry


class Target(ABC):
    """Writes networks as files of one form. :func:`~mminspect.inspection.export.export_network` does all the rest.

    Its constructor takes the options of the command line that it has, by name.

    Attributes:
        name: That it is registered under.
        suffix: Of its files, in small letters. A registered runtime has to read such files.
        options: Names of the options that it has; the command line has ``opset``.
        quantizes: Whether it has an 8-bit form.
    """

    name: ClassVar[str]
    suffix: ClassVar[str]
    options: ClassVar[tuple[str, ...]] = ()
    quantizes: ClassVar[bool] = False

    @abstractmethod
    def write(self, network: TorchNetwork, images: NDArray[np.float32], path: Path) -> None:
        """Write a network with its spec, so that the runtime finds both.

        Args:
            network: A copy on the CPU that belongs to the target.
            images: (N, H, W, 3) float32, RGB, 0..255, of the spec's ``input_size``, N > 2: to trace with. The file has
                to take any number of images.
            path: A new file.

        Raises:
            UserError: The form cannot express a part of the network.
        """

    def quantize(self, source: Path, target: Path, images: Sequence[str | Path]) -> None:
        """Write the 8-bit form of a file of this target, where ``quantizes`` is True, without a calibration.

        Args:
            source: The file.
            target: The file to write or replace.
            images: Files of normal images, which show the ranges of values.

        Raises:
            UserError: An image is missing or damaged.
        """
        raise NotImplementedError(f'{type(self).__name__}.quantizes is True, so that it implements quantize')


_TARGETS: ClassRegistry[type[Target]] = ClassRegistry('export target')
_Class = TypeVar('_Class', bound=type[Target])


def register_target(name: str, suffix: str) -> Callable[[_Class], _Class]:
    """Decorator of a class: ``mminspect export --target NAME`` writes files with it, which end in ``suffix``.

    Raises:
        UserError: Another class has the name.
    """
    def register(target_class: _Class) -> _Class:
        _TARGETS.register(name)(target_class)
        target_class.name, target_class.suffix = name, suffix.lower()
        return target_class
    return register


def is_target(path: str | Path, name: str | None = None) -> bool:
    """Whether a target of this name, or for the suffix of this file, is registered."""
    return name in _TARGETS if name else any(found.suffix == Path(path).suffix for found in _TARGETS.classes())


def make_target(path: str | Path, name: str | None = None, **options: Any) -> Target:
    """The target that writes a file.

    Args:
        path: The file to write.
        name: Of the target; None: the first that was registered for the file's suffix.
        options: Those of the command line that were given.

    Raises:
        UserError: There is no such target, the suffix is not its own, or it does not have such an option.
    """
    if name is not None and name not in _TARGETS:
        raise UserError(f'target {name!r} is unknown: use one of {", ".join(_TARGETS)}, or name the module that '
                        'registers it (--import)')
    known = [found for found in _TARGETS.classes() if name in (None, found.name)]
    fitting = [found for found in known if found.suffix == Path(path).suffix]
    if not fitting:
        suffixes = ' or '.join(dict.fromkeys(found.suffix for found in known))
        remedy = '' if name else ', or --import the module of another target be given'
        raise UserError(f'--out {path} must end in {suffixes}{remedy}')
    for option in options:
        if option not in fitting[0].options:
            raise UserError(f'--{option} is no option of the target {fitting[0].name}: leave it out')
    return fitting[0](**options)

"""Choose between mmcv's compiled operators and torchvision's, once per process.

Nothing heavy is imported before :func:`activate` is called.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Literal

Backend = Literal['compiled', 'fallback']
EXTENSION = 'mmcv._ext'
MATCHED_PAIR = 'torch==2.15.0 torchvision==0.29.2'
NOT_COMPILED = 'mmcv is installed without compiled operators'

_backend: Backend | None = None


def activate() -> Backend:
    """Make ``import mmcv.ops`` work, and say in one log line on whose operators.

    A compiled ``mmcv._ext`` that imports and runs is kept. Otherwise torchvision's operators take
    its place, also in modules of ``mmcv.ops`` that were imported before. Further calls change
    nothing.

    Returns:
        'compiled' or 'fallback'.

    Raises:
        ModuleNotFoundError: if mmcv is not installed.
        RuntimeError: if torchvision's operators are needed and do not work with the installed
            torch.
    """
    global _backend
    if _backend is None:
        importlib.import_module('mmcv')
        problem = _problem_of_compiled()
        if problem is not None:
            _install(_load_fallback())
        _backend = 'compiled' if problem is None else 'fallback'
        _log(problem)
    return _backend


def has_operator(name: str) -> bool:
    """Return whether the operator ``name`` of ``mmcv._ext`` can be called, activating first.

    Without a compiled mmcv this is false for most operators, for example 'carafe_forward'. With one
    it is true for all that were compiled, for CPU tensors, CUDA tensors or both.
    """
    if activate() == 'compiled':
        return not name.startswith('_') and hasattr(sys.modules[EXTENSION], name)
    return name in sys.modules[EXTENSION].__all__


def _problem_of_compiled() -> str | None:
    """Return why mmcv's own extension cannot be used, None if it can."""
    try:
        importlib.import_module('torch')  # loads the libraries that the extension links to
        extension = importlib.import_module(EXTENSION)
        for device in _probe_devices():
            _probe(extension.nms, device)
    # A build for another torch fails in any way: undefined symbol, no kernel for the device,
    # a refused argument type.
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name == EXTENSION:
            return NOT_COMPILED
        return f'the compiled operators of mmcv do not work ({_first_line(error)})'
    return None


def _probe_devices() -> list[str]:
    """Return the devices that operators must run on here."""
    import torch

    # A forked child of a process that used CUDA cannot use it; that says nothing about the
    # operators.
    if not torch.cuda.is_available() or torch.cuda._is_in_bad_fork():
        return ['cpu']
    # In a distributed run each process should open its own GPU and not all of them the first.
    index = int(os.environ.get('LOCAL_RANK', '0')) % torch.cuda.device_count()
    return ['cpu', f'cuda:{index}']


def _probe(nms: Callable, device: str) -> None:
    """Run a tiny NMS; raises what it raises, and RuntimeError for a wrong result."""
    import torch

    boxes = torch.tensor(
        [[0, 0, 10, 10], [1, 1, 10, 10], [20, 20, 30, 30]], dtype=torch.float32, device=device
    )
    scores = torch.tensor([0.8, 0.9, 0.7], device=device)
    kept = nms(boxes, scores, iou_threshold=0.5, offset=0).tolist()
    if kept != [1, 2]:
        raise RuntimeError(f'nms on {device} kept boxes {kept} instead of [1, 2]')


def _load_fallback() -> ModuleType:
    """Return the module that replaces ``mmcv._ext``, once torchvision is known to work."""
    import torch

    try:
        importlib.import_module('torchvision')
        # Asked, not run: a run would open a CUDA context in every process that imports this.
        has_kernel = torch._C._dispatch_has_kernel_for_dispatch_key
        if torch.cuda.is_available() and not has_kernel('torchvision::nms', 'CUDA'):
            raise RuntimeError('it has no CUDA operators')
        extension = importlib.import_module('.extension', __package__)
        _probe(extension.nms, 'cpu')
    # The symptoms of a mismatch vary: an operator that does not exist, a circular import, a library
    # that does not load.
    except Exception as error:
        raise RuntimeError(
            f'torchvision {_torchvision_version()} does not work with torch {torch.__version__} '
            f'({_first_line(error)}), so that mmcv has no operators: install a matched pair from '
            f'PyPI, pip install {MATCHED_PAIR}'
        ) from error
    return extension


def _install(extension: ModuleType) -> None:
    """Put the module where mmcv looks for it, imported parts of ``mmcv.ops`` included."""
    sys.modules[EXTENSION] = extension
    sys.modules['mmcv']._ext = extension
    # Modules that were imported stay: importing them again would register their layers a second
    # time, which is an error. They only need the new extension in place of the one they hold.
    imported = {n: module for n, module in sys.modules.items() if n.startswith('mmcv.ops.')}
    for module in imported.values():
        if hasattr(module, 'ext_module'):
            module.ext_module = extension
    if imported and 'mmcv.ops' not in sys.modules:
        # The import of the package failed half-way. Python sets a submodule as an attribute of its
        # package when it loads it, which for these has passed.
        package = importlib.import_module('mmcv.ops')
        for name, module in imported.items():
            stem = name.removeprefix('mmcv.ops.')
            if not hasattr(package, stem):
                setattr(package, stem, module)


def _log(problem: str | None) -> None:
    from mmengine.logging import print_log

    if problem is None:
        print_log('mmcv_fallback: the compiled operators of mmcv are in use', logger='current')
        return
    # A broken build is worth a warning, an ordinary install from PyPI is not worth a word.
    level = logging.DEBUG if problem == NOT_COMPILED else logging.WARNING
    source = f'the operators of torchvision {_torchvision_version()}'
    message = f'mmcv_fallback: {source} are in use, because {problem}'
    print_log(message, logger='current', level=level)


def _torchvision_version() -> str:
    # From the metadata, because the package itself may not import.
    try:
        return importlib.metadata.version('torchvision')
    except importlib.metadata.PackageNotFoundError:
        return '(not installed)'


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__

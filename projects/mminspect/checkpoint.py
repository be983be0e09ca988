"""Reading checkpoints from strangers: data only, never code.

mmengine tries ``weights_only=True`` and falls back to unpickling everything when that fails, which runs whatever the
file says. Importing this module replaces mmengine's loader of local files by one that refuses instead.
"""
from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from mmengine.logging.history_buffer import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader

from mminspect.errors import UserError

#: The methods that every HistoryBuffer registers and takes along when it is pickled.
STATISTICS = ('min', 'max', 'current', 'mean')


def safe_globals() -> list[Any]:
    """What mmengine's own checkpoints hold besides tensors: NumPy arrays and scalars, and its loss history.

    A loss history names its statistics as ``getattr(HistoryBuffer, 'mean')``. The real ``getattr`` would hand out any
    object of the process (``__globals__`` of a function, to be overwritten by the file), so a stand-in takes its place.
    """
    multiarray = np._core.multiarray
    dtypes = [type(np.dtype(kind)) for kind in (np.uint32, np.float64, np.float32, np.int64, np.int32, np.bool_)]
    return [multiarray._reconstruct, multiarray.scalar, np.ndarray, np.dtype, slice, HistoryBuffer,
            (_statistic, 'builtins.getattr'), *dtypes]


def _statistic(owner: Any, name: Any) -> Callable:
    if owner is not HistoryBuffer or name not in STATISTICS:
        raise UnpicklingError(f'Unsupported GLOBAL: getattr for {name!r}')
    return getattr(owner, name)


@CheckpointLoader.register_scheme(prefixes='', force=True)
def load_from_local(filename: str, map_location: str | torch.device | Callable | None = None) -> dict[str, Any]:
    """Load a ``.pth`` or ``.safetensors`` file without executing anything in it.

    Args:
        filename: Path of the file.
        map_location: As for :func:`torch.load`.

    Returns:
        The checkpoint; a ``.safetensors`` file gives ``{'state_dict': ...}``.

    Raises:
        UserError: The file is missing, truncated, not a checkpoint, or holds objects that only code can rebuild.
        PermissionError: The file may not be read.
    """
    path = Path(filename).expanduser()
    if not path.is_file():
        raise UserError(f'checkpoint {filename} does not exist: check the path')
    try:
        checkpoint = _read(path, map_location)
    except (PermissionError, MemoryError, torch.OutOfMemoryError):
        raise
    except UnpicklingError as error:
        if 'Unsupported global' in str(error) or 'GLOBAL' in str(error):
            raise UserError(f'checkpoint {filename} holds Python objects besides weights and is not loaded, because '
                            'that would run code from the file: save its state_dict alone and load that') from error
        raise UserError(f'{filename} is not a checkpoint: name a .pth or .safetensors file') from error
    except Exception as error:  # torch's readers raise what a damaged byte happens to lead to
        raise UserError(f'checkpoint {filename} is damaged or cut short ({type(error).__name__}): '
                        'copy or train it again') from error
    if not isinstance(checkpoint, dict):
        raise UserError(f'checkpoint {filename} holds a {type(checkpoint).__name__} instead of named weights: '
                        'save a state_dict and load that')
    return checkpoint


def _read(path: Path, map_location: str | torch.device | Callable | None) -> Any:
    if path.suffix == '.safetensors':
        from safetensors.torch import load_file
        return {'state_dict': load_file(path, device='cpu')}
    with torch.serialization.safe_globals(safe_globals()):
        return torch.load(path, map_location=map_location, weights_only=True)


def sha256(path: str | Path) -> str:
    """SHA-256 of a file as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, 'rb') as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()

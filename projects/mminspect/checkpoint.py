"""Reading checkpoints from strangers: data only, never code.

mmengine tries ``weights_only=True`` and falls back to unpickling everything when that fails, which runs whatever the
file says. Importing this module replaces mmengine's loader of local files by one that refuses instead.
"""
from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from mmengine.logging.history_buffer import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader

from mminspect.errors import UserError


def safe_globals() -> list[Any]:
    """What mmengine's own checkpoints hold besides tensors: NumPy arrays and scalars, and its loss history."""
    multiarray = np._core.multiarray
    dtypes = [type(np.dtype(kind)) for kind in (np.uint32, np.float64, np.float32, np.int64, np.int32, np.bool_)]
    return [multiarray._reconstruct, multiarray.scalar, np.ndarray, np.dtype, slice, HistoryBuffer, getattr, *dtypes]


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
    """
    path = Path(filename).expanduser()
    if not path.is_file():
        raise UserError(f'checkpoint {filename} does not exist: check the path')
    try:
        if path.suffix == '.safetensors':
            from safetensors.torch import load_file
            return {'state_dict': load_file(path, device='cpu')}
        with torch.serialization.safe_globals(safe_globals()):
            return torch.load(path, map_location=map_location, weights_only=True)
    except UnpicklingError as error:
        if 'Unsupported global' in str(error) or 'GLOBAL' in str(error):
            raise UserError(f'checkpoint {filename} holds Python objects besides weights and is not loaded, because '
                            'that would run code from the file: save its state_dict alone and load that') from error
        raise UserError(f'{filename} is not a checkpoint: name a .pth or .safetensors file') from error
    except (RuntimeError, EOFError, zipfile.BadZipFile, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise UserError(f'checkpoint {filename} is damaged or cut short ({type(error).__name__}): '
                        'copy or train it again') from error


def sha256(path: str | Path) -> str:
    """SHA-256 of a file as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, 'rb') as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()

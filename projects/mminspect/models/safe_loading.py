"""Reading checkpoints from strangers: data only, never code.

mmengine tries ``weights_only=True`` and falls back to unpickling everything when that fails, which runs whatever the
file says. :func:`install_safe_loaders` replaces its loaders, of local files and of downloads, by ones that refuse.
"""
from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, BinaryIO
from urllib.parse import urlparse

import mmengine.runner.checkpoint
import numpy as np
import torch
from mmengine.logging.history_buffer import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader

from mminspect.core.errors import UserError, no_file
from mminspect.engine.wild_weights import LARGEST_WEIGHT, wild_weights

from .safetensors_files import load_weights

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
        raise no_file(f'checkpoint {filename}', path)
    return _load(path, map_location, filename)


def download(url: str, model_dir: str | None = None, map_location: str | torch.device | Callable | None = None,
             progress: bool = True) -> dict[str, Any]:
    """Load a checkpoint by URL (cached in torch's hub folder) without executing anything in it.

    Where the file's name ends in ``-<hash>``, as torchvision's and OpenMMLab's do, the download is checked against it.

    Args:
        url: ``http://`` or ``https://`` address.
        model_dir: Folder of the cache; torch's own by default.
        map_location: As for :func:`torch.load`.
        progress: Whether to show a bar.

    Raises:
        UserError: As :func:`load_from_local`, or the checksum does not match.
        urllib.error.URLError: The network does not answer.
    """
    folder = Path(model_dir or Path(torch.hub.get_dir()) / 'checkpoints')
    path = folder / Path(urlparse(url).path).name
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        digest = torch.hub.HASH_REGEX.search(path.name)
        try:
            torch.hub.download_url_to_file(url, str(path), digest and digest.group(1), progress)
        except RuntimeError as error:  # torch's word for a wrong hash
            raise UserError(f'{url} is not the file its name promises ({error}): try again or mirror it') from error
    return _load(path, map_location, url)


def _load(source: Path | BinaryIO, map_location: Any, name: str) -> dict[str, Any]:
    """Checkpoint in a file or an open file called ``name``; raises as :func:`load_from_local`."""
    try:
        checkpoint = _read(source, map_location)
    except (PermissionError, MemoryError, torch.OutOfMemoryError):
        raise
    except UnpicklingError as error:
        if 'Unsupported global' in str(error) or 'GLOBAL' in str(error):
            raise UserError(f'checkpoint {name} holds Python objects besides weights and is not loaded, because '
                            'that would run code from the file: save its state_dict alone and load that') from error
        raise UserError(f'{name} is not a checkpoint: name a .pth or .safetensors file') from error
    except Exception as error:  # torch's readers raise what a damaged byte happens to lead to
        if isinstance(source, Path) and not _begins_well(source):
            raise UserError(f'{name} is not a checkpoint: name a .pth or .safetensors file') from error
        raise UserError(f'checkpoint {name} is damaged or cut short ({type(error).__name__}): '
                        'copy or train it again') from error
    if not isinstance(checkpoint, dict):
        raise UserError(f'checkpoint {name} holds a {type(checkpoint).__name__} instead of named weights: '
                        'save a state_dict and load that')
    if not isinstance(checkpoint.get('state_dict', {}), Mapping):
        raise UserError(f'checkpoint {name} holds a {type(checkpoint["state_dict"]).__name__} as state_dict instead of '
                        'named weights: save a state_dict and load that')
    if bad := wild_weights(checkpoint.get('state_dict', checkpoint)):
        raise UserError(f'checkpoint {name} is damaged, or of a training that has diverged: {len(bad)} of its weights '
                        f'are NaN, infinite or beyond {LARGEST_WEIGHT:g} (first: {bad[0]}), so copy it again or take '
                        'an earlier one')
    return checkpoint


def _read(source: Path | BinaryIO, map_location: Any) -> Any:
    if isinstance(source, Path) and source.suffix == '.safetensors':
        return {'state_dict': load_weights(source)}
    with nullcontext(source) if not isinstance(source, Path) else source.open('rb') as file:
        _check_sums(file)
        with torch.serialization.safe_globals(safe_globals()):
            return torch.load(file, map_location=map_location, weights_only=True)


def _begins_well(path: Path) -> bool:
    """Whether a file begins as a checkpoint does: an archive, a pickle, or safetensors' header behind its length.

    An empty file may have been one.
    """
    with path.open('rb') as file:
        start = file.read(9)
    if path.suffix == '.safetensors':
        return len(start) < 9 or start[8:] == b'{'
    return not start or start.startswith((b'PK'[:len(start)], b'\x80'))


def _check_sums(file: BinaryIO) -> None:
    """Compare the checksum (CRC-32) of every part of a checkpoint, which torch does not: weights may have rotted.

    Files of torch before 1.6 are no archives and have none.

    Raises:
        zipfile.BadZipFile: One differs.
    """
    start = file.tell()
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            if part := archive.testzip():
                raise zipfile.BadZipFile(f'the checksum of {part} differs')
    file.seek(start)


def _torch_load(file: str | BinaryIO, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
    """In place of the function in mmengine that falls back to unpickling (object stores, ``mmcls://``)."""
    return _load(Path(file) if isinstance(file, str) else file, map_location, str(file))


def install_safe_loaders() -> None:
    """Put the loaders of this module in the place of mmengine's; again changes nothing."""
    CheckpointLoader.register_scheme('', load_from_local, force=True)
    # Those behind http(s)://, torchvision:// and open-mmlab:// find these two in their module when they are called.
    mmengine.runner.checkpoint.load_url = download
    mmengine.runner.checkpoint._safe_torch_load = _torch_load

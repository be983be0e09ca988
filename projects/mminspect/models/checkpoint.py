"""Reading checkpoints from strangers: data only, never code.

mmengine tries ``weights_only=True`` and falls back to unpickling everything when that fails, which runs whatever the
file says. :func:`install_safe_loaders` replaces its loaders, of local files and of downloads, by ones that refuse.
"""
from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, BinaryIO
from urllib.parse import urlparse

import mmengine.runner.checkpoint
import numpy as np
import torch
from mmengine.logging import print_log
from mmengine.logging.history_buffer import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader

from mminspect.core.errors import UserError

#: The methods that every HistoryBuffer registers and takes along when it is pickled.
STATISTICS = ('min', 'max', 'current', 'mean')

#: In place of a teacher's weights in a config: they come with the checkpoint that is loaded next, no file is read.
IN_CHECKPOINT = 'checkpoint'

#: Whether a checkpoint that is loaded next brings a frozen teacher's weights along: :func:`teacher_included`.
TEACHER_INCLUDED: ContextVar[bool] = ContextVar('TEACHER_INCLUDED', default=False)


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
        raise UserError(f'checkpoint {filename} does not exist: check the path')
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


def newest_checkpoint(work_dir: str | Path) -> Path | None:
    """The checkpoint to resume from: the one ``last_checkpoint`` names, or the newest ``epoch_*`` or ``iter_*`` file.

    mmengine rewrites that pointer in place, so that it may be empty after a crash.
    """
    named = _named_last(work_dir)
    for path in (Path(named), Path(work_dir) / Path(named).name) if named else ():  # the folder may have been moved
        if path.is_file():
            return path
    saved = [path for kind in ('epoch', 'iter') for path in Path(work_dir).glob(f'{kind}_*.pth')]
    return max(saved, key=lambda path: path.stat().st_mtime, default=None)


def checkpoint_to_resume(work_dir: str | Path) -> Path | None:
    """:func:`newest_checkpoint`, with a warning where it is none at all or not the one that was the last.

    Raises:
        UserError: The last one is gone and no other is left.
    """
    newest, named = newest_checkpoint(work_dir), Path(_named_last(work_dir)).name
    if newest is None and named:
        raise UserError(f'{work_dir} names {named} as its last checkpoint, which does not exist, and holds no other: '
                        'put it back, or remove the file last_checkpoint to start from the beginning')
    if newest is None:
        _warn(f'nothing to resume in {work_dir}, training starts from the beginning')
    elif named and newest.name != named:
        _warn(f'the last checkpoint {named} of {work_dir} does not exist, training goes on from {newest.name}')
    return newest


def _named_last(work_dir: str | Path) -> str:
    pointer = Path(work_dir) / 'last_checkpoint'
    return pointer.read_text().strip() if pointer.is_file() else ''


def _warn(message: str) -> None:
    print_log(message, logger='current', level=logging.WARNING)


@contextmanager
def teacher_included(checkpoint: str | None) -> Iterator[None]:
    """In the block, teachers are built without their own files if the checkpoint holds their weights (``teacher.*``).

    Args:
        checkpoint: Loaded behind the block; None and addresses change nothing.
    """
    included = False
    if checkpoint is not None and '://' not in checkpoint:
        loaded = load_from_local(checkpoint, map_location='cpu')
        names = loaded.get('state_dict', loaded)
        included = any(str(name).removeprefix('module.').startswith('teacher.') for name in names)
    with teachers_without_files(included):
        yield


@contextmanager
def teachers_without_files(active: bool = True) -> Iterator[None]:
    """In the block, frozen teachers are built with weights of no meaning instead of those of their files."""
    token = TEACHER_INCLUDED.set(active)
    try:
        yield
    finally:
        TEACHER_INCLUDED.reset(token)


def weight_mismatch(own: Mapping[str, torch.Tensor], weights: Mapping[str, torch.Tensor]) -> str:
    """How ``weights`` differ from a model's ``own`` in names and shapes, for an error message; '' where they fit."""
    shapes = (name for name in own.keys() & weights.keys() if own[name].shape != weights[name].shape)
    groups = {'missing': own.keys() - weights.keys(), 'unexpected': weights.keys() - own.keys(),
              'of another shape': set(shapes)}
    return '; '.join(f'{len(names)} {what} (first: {min(names)})' for what, names in groups.items() if names)


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
        raise UserError(f'checkpoint {name} is damaged or cut short ({type(error).__name__}): '
                        'copy or train it again') from error
    if not isinstance(checkpoint, dict):
        raise UserError(f'checkpoint {name} holds a {type(checkpoint).__name__} instead of named weights: '
                        'save a state_dict and load that')
    if not isinstance(checkpoint.get('state_dict', {}), Mapping):
        raise UserError(f'checkpoint {name} holds a {type(checkpoint["state_dict"]).__name__} as state_dict instead of '
                        'named weights: save a state_dict and load that')
    return checkpoint


def _read(source: Path | BinaryIO, map_location: Any) -> Any:
    if isinstance(source, Path) and source.suffix == '.safetensors':
        from safetensors.torch import load_file
        return {'state_dict': load_file(source, device='cpu')}
    with torch.serialization.safe_globals(safe_globals()):
        return torch.load(source, map_location=map_location, weights_only=True)


def _torch_load(file: str | BinaryIO, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
    """In place of the function in mmengine that falls back to unpickling (object stores, ``mmcls://``)."""
    return _load(Path(file) if isinstance(file, str) else file, map_location, str(file))


def sha256(path: str | Path) -> str:
    """SHA-256 of a file as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, 'rb') as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def weights_sha256(state_dict: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 over names, shapes and bytes of weights, for those that are no file here; 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for name, value in sorted(state_dict.items()):
        digest.update(f'{name}{tuple(value.shape)}'.encode())
        digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def install_safe_loaders() -> None:
    """Put the loaders of this module in the place of mmengine's; again changes nothing."""
    CheckpointLoader.register_scheme('', load_from_local, force=True)
    # Those behind http(s)://, torchvision:// and open-mmlab:// find these two in their module when they are called.
    mmengine.runner.checkpoint.load_url = download
    mmengine.runner.checkpoint._safe_torch_load = _torch_load

"""The Runner, and the settings of the machine that it runs on."""
from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import LOOPS
from mmengine.runner import Runner
from mmengine.runner.checkpoint import _load_checkpoint_to_model

from mminspect.core.components import explain_errors
from mminspect.core.errors import UserError
from mminspect.core.setup import setup
from mminspect.engine import EmptyLoaderHook, FitOnceLoop, PartsOptimWrapperConstructor, unwrap
from mminspect.models.anomaly_model import DISTRIBUTED
from mminspect.models.checkpoint import Checkpoint, without_teacher_files
from mminspect.models.contract import contract_of
from mminspect.models.stored_config import CONFIG_KEY, as_stored


def fast_bf16() -> bool:
    """Whether bfloat16 is computed in hardware here (a GPU, or a CPU with AMX tiles), so that autocast pays."""
    return torch.cuda.is_available() or has_amx_tiles()


def has_amx_tiles() -> bool:
    """Whether torch says that this CPU multiplies bfloat16 in AMX tiles; False where it does not tell."""
    asked = getattr(torch.cpu, '_is_amx_tile_supported', None)  # private: it has no public name yet and may lose this
    return bool(asked and asked())


def keep_freed_memory() -> None:
    """Have glibc keep large freed blocks for the next tensor instead of giving each back to the system.

    On a CPU, a step that makes and drops maps of many megabytes otherwise spends much of its time on page faults.
    Nothing happens where the C library is another.
    """
    mmap_threshold, trim_threshold = -3, -1  # M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL('libc.so.6')
        libc.mallopt(mmap_threshold, 1 << 30)
        libc.mallopt(trim_threshold, (1 << 31) - 1)


class InspectionRunner(Runner):
    """mmengine's Runner on a checkpoint that has been opened already, and with the config in those that it saves.

    Attributes:
        opened: What :meth:`load_checkpoint` takes in place of the file of its path; None: files are read.
    """

    opened: Checkpoint | None = None

    def load_checkpoint(self, filename: str, map_location: str | Callable = 'cpu', strict: bool = False,
                        revise_keys: Sequence[tuple[str, str]] = ((r'^module.', ''),)) -> dict[str, Any]:
        """Load weights as mmengine does it; they are on the CPU until they are copied into the model."""
        if self.opened is None or self.opened.path != filename:
            return super().load_checkpoint(filename, map_location, strict, list(revise_keys))
        content, self.opened = dict(self.opened.content), None  # its memory is free once it is loaded
        self.call_hook('after_load_checkpoint', checkpoint=content)
        _load_checkpoint_to_model(unwrap(self.model), content, strict, list(revise_keys))
        self._has_loaded = True
        self.logger.info(f'Load checkpoint from {filename}')
        return content


class StoredConfigHook(Hook):
    """Put the config into every checkpoint, as data: whoever inspects with it needs no file beside it."""

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Add key ``config``."""
        checkpoint[CONFIG_KEY] = as_stored(runner.cfg)


def build_runner(cfg: Config, checkpoint: Checkpoint | None = None) -> InspectionRunner:
    """The Runner of ``cfg``; ``--launcher pytorch`` also works without a GPU (gloo).

    Args:
        cfg: Config; a loop without an optimiser adds to it what mmengine demands.
        checkpoint: That of ``load_from``, opened; None: there is none, or it is read from its file.

    Raises:
        UserError: The config names an unknown component, or torchrun did not start this process.
    """
    setup()
    if not torch.cuda.is_available():
        keep_freed_memory()
    launched = cfg.get('launcher', 'none') != 'none'
    if launched:
        _prepare_processes(cfg)
    if fits_once(cfg):
        FitOnceLoop.complete(cfg)
    if checkpoint is not None and checkpoint.holds_teacher:
        cfg.model = without_teacher_files(cfg.model, cfg.get('default_scope'))
    with explain_errors(cfg):
        runner = InspectionRunner.from_cfg(cfg)
    reason = contract_of(unwrap(runner.model)).limits.get(DISTRIBUTED)
    if reason and launched:
        raise UserError(f'{cfg.model.type} does not train or test in several processes, because {reason}: leave '
                        '--launcher out')
    runner.opened = checkpoint
    runner.register_hook(EmptyLoaderHook())
    runner.register_hook(StoredConfigHook())
    return runner


def fits_once(cfg: Config) -> bool:
    """Whether the training of a config has a :class:`FitOnceLoop`."""
    kind = (cfg.get('train_cfg') or {}).get('type')
    found = LOOPS.get(kind) if isinstance(kind, str) else kind
    return isinstance(found, type) and issubclass(found, FitOnceLoop)


def _prepare_processes(cfg: Config) -> None:
    if (cfg.get('optim_wrapper') or {}).get('constructor') == PartsOptimWrapperConstructor.__name__:
        raise UserError('a model with an optimiser for each part trains in one process, because the parts take their '
                        'steps one after the other: train without --launcher')
    if fits_once(cfg):
        return  # it is refused in any case
    if cfg.launcher == 'pytorch' and 'RANK' not in os.environ:
        raise UserError('--launcher pytorch belongs to torchrun: start it with tools/dist_train.sh CONFIG PROCESSES')
    needed = dict(slurm=('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_NODELIST'),
                  mpi=('OMPI_COMM_WORLD_LOCAL_RANK', 'OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_RANK', 'MASTER_ADDR'))
    if missing := [name for name in needed.get(cfg.launcher, ()) if name not in os.environ]:
        raise UserError(f'--launcher {cfg.launcher} needs {missing[0]} in the environment: start the tool with '
                        f'{dict(slurm="srun", mpi="mpirun (-x MASTER_ADDR=HOST)")[cfg.launcher]}, or leave it out')
    if cfg.launcher in needed and not torch.cuda.is_available():
        raise UserError(f'--launcher {cfg.launcher} needs a GPU for each process: without one use --launcher pytorch')
    if cfg.launcher == 'pytorch' and not torch.cuda.is_available():
        # mmengine's own way asks for one GPU per process, and with another wrapper it forgets the config's entry
        torch.distributed.init_process_group('gloo')
        own = dict(broadcast_buffers=False, find_unused_parameters=cfg.get('find_unused_parameters', False))
        cfg.model_wrapper_cfg = dict(cfg.get('model_wrapper_cfg') or own, device_ids=None)

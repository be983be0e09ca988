"""The Runner, and the settings of the machine that it runs on."""
from __future__ import annotations

import ctypes
import os
from contextlib import suppress

import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mminspect.core.errors import UserError
from mminspect.core.setup import setup
from mminspect.engine.empty_loader import EmptyLoaderHook

from .components import explain_errors


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


def build_runner(cfg: Config) -> Runner:
    """The Runner of ``cfg``; ``--launcher pytorch`` also works without a GPU (gloo).

    Raises:
        UserError: The config names an unknown component, or torchrun did not start this process.
    """
    setup()
    if not torch.cuda.is_available():
        keep_freed_memory()
    if cfg.get('launcher') == 'pytorch':
        if 'RANK' not in os.environ:
            raise UserError('--launcher pytorch belongs to torchrun: start it with tools/dist_train.sh CONFIG '
                            'PROCESSES')
        if not torch.cuda.is_available():
            # mmengine's own way asks for one GPU per process, and with another wrapper it forgets the config's entry
            torch.distributed.init_process_group('gloo')
            own = dict(broadcast_buffers=False, find_unused_parameters=cfg.get('find_unused_parameters', False))
            cfg.model_wrapper_cfg = dict(cfg.get('model_wrapper_cfg') or own, device_ids=None)
    with explain_errors(cfg):
        runner = Runner.from_cfg(cfg)
    runner.register_hook(EmptyLoaderHook())
    return runner

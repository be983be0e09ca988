"""From command line arguments to an mmengine Runner, with every foreseeable mistake caught before anything starts."""
from __future__ import annotations

import ctypes
import difflib
import logging
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import mmcv_fallback
import mmengine.registry
import torch
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.registry import Registry
from mmengine.runner import Runner

from mminspect.checkpoint import load_from_local
from mminspect.errors import UserError

#: Below this, a run does not start: mmengine would fail half-way through its first checkpoint.
MINIMUM_FREE_BYTES = 200 * 2**20

#: Checks of data set configs, added by the projects when they are imported: ``dataset`` dict -> warnings, or UserError.
DATA_CHECKS: list[Callable[[dict], list[str]]] = []

#: Checks that a model fits its data, added likewise: ``model`` dict and ``dataset`` dict -> None, or UserError.
MODEL_CHECKS: list[Callable[[dict, dict], None]] = []

#: Options that stand for several entries of a config, added likewise: name -> what sets them to a value.
OPTION_SETTERS: dict[str, Callable[[Config, Any], None]] = {}

#: What ``--cfg-options`` may add to a config that does not name it.
OPTIONAL_KEYS = frozenset({'auto_scale_lr', 'compile', 'custom_hooks', 'experiment_name', 'find_unused_parameters',
                           'load_from', 'log_level', 'model_wrapper_cfg', 'randomness', 'resume', 'sync_bn',
                           'work_dir'})


def load_config(path: str, options: dict[str, Any] | None = None, work_dir: str | None = None) -> Config:
    """Read a config file and import the packages it names.

    Args:
        path: Config file.
        options: Overrides from ``--cfg-options``.
        work_dir: Overrides the config's; without either it is ``work_dirs/<name of the config>``.

    Raises:
        UserError: The file or one of its bases is missing, fails, or imports something that is not installed.
    """
    if not Path(path).is_file():
        raise UserError(f'config {path} does not exist: check the path')
    mmcv_fallback.activate()  # also for a config that does not import fdrd
    if os.getcwd() not in sys.path:  # the user's own packages in custom_imports
        sys.path.append(os.getcwd())
    try:
        cfg = Config.fromfile(path)
    except Exception as error:  # a config is a program and may fail in every way
        raise UserError(f'config {path} cannot be read: {type(error).__name__}: {error}') from error
    if options:
        _check_options(cfg, options)
        try:
            cfg.merge_from_dict(options)
        except (KeyError, TypeError, IndexError, AssertionError) as error:
            raise UserError(f'--cfg-options does not fit {path}: {error}') from error
        for name in options.keys() & OPTION_SETTERS.keys():
            OPTION_SETTERS[name](cfg, options[name])
    cfg.work_dir = work_dir or cfg.get('work_dir') or str(Path('work_dirs') / Path(path).stem)
    return cfg


def _check_options(cfg: Config, options: dict[str, Any]) -> None:
    """mmengine adds what it does not know, so that a mistyped override changes nothing and says nothing."""
    for option, value in options.items():
        key = option.split('.')[0]
        if key not in cfg and key not in OPTIONAL_KEYS:
            near = difflib.get_close_matches(key, [*cfg, *OPTIONAL_KEYS], n=3, cutoff=0.5)
            hint = f'did you mean {" or ".join(near)}?' if near else f'it has {", ".join(sorted(cfg))}'
            raise UserError(f'--cfg-options: {cfg.filename} has no {key!r} ({option}); {hint}')
        if _is_number(old := _lookup(cfg, option)) and not (value is None or _is_number(value)):
            raise UserError(f'--cfg-options: {option} is the number {old} in {cfg.filename}, {value!r} is none')


def _lookup(cfg: Any, option: str) -> Any:
    """The entry ``a.b.0.c`` of nested dicts and lists, or None where there is none."""
    for key in option.split('.'):
        try:
            cfg = cfg[int(key) if isinstance(cfg, (list, tuple)) else key]
        except (KeyError, IndexError, ValueError, TypeError):
            return None
    return cfg


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def use_amp(cfg: Config) -> None:
    """Train in mixed precision: float16 with loss scaling on a GPU, bfloat16 elsewhere."""
    if torch.cuda.is_available():
        cfg.optim_wrapper.update(type='AmpOptimWrapper', loss_scale='dynamic')
    else:
        cfg.optim_wrapper.type = 'mmengine.Bf16OptimWrapper'
        for key in ('loss_scale', 'dtype'):  # of AmpOptimWrapper
            cfg.optim_wrapper.pop(key, None)


def prepare_work_dir(path: str, free_bytes: int = MINIMUM_FREE_BYTES) -> None:
    """Create the folder of a run and make sure that it can be written to.

    Raises:
        UserError: It cannot be created or written, or the disk has less than ``free_bytes`` left.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path):
            pass
    except OSError as error:
        raise UserError(f'work directory {path} cannot be written ({os.strerror(error.errno or 0)}): '
                        'choose another with --work-dir') from error
    free = shutil.disk_usage(path).free
    if free < free_bytes:
        raise UserError(f'only {free >> 20} MiB are free under {path}, a run needs at least {free_bytes >> 20} MiB: '
                        'free some space or choose another --work-dir')


def check_data(cfg: Config, parts: tuple[str, ...]) -> None:
    """Check the data sets of the named dataloaders and log what is odd but allowed.

    Raises:
        UserError: A check of :data:`DATA_CHECKS` found a mistake.
    """
    for part in parts:
        dataloader = cfg.get(part)
        if dataloader is None:
            continue
        if dataloader.get('batch_size', 1) < 1 or dataloader.get('num_workers', 0) < 0:
            raise UserError(f'{part} of {cfg.filename} has batch_size={dataloader.get("batch_size")} and '
                            f'num_workers={dataloader.get("num_workers", 0)}: at least 1 and 0 are needed')
        for check in MODEL_CHECKS:
            check(cfg.model, dataloader['dataset'])
        for warning in [text for check in DATA_CHECKS for text in check(dataloader['dataset'])]:
            print_log(f'{part}: {warning}', logger='current', level=logging.WARNING)


@contextmanager
def explained(cfg: Config) -> Iterator[None]:
    """Turn mmengine's errors about unknown components into one sentence with the nearest known names."""
    try:
        yield
    except (KeyError, TypeError) as error:
        what = _explanation(cfg, str(error))
        if what is None:
            raise
        raise UserError(f'{cfg.filename or "the config"} {what}') from error


def _explanation(cfg: Config, message: str) -> str | None:
    if match := re.search(r'([\w.:]+) is not in the ([\w.: ]+) registry', message):
        registry = match.group(2).split('::')[-1]
        return _unknown(match.group(1), f' ({registry})', component_names(registry))
    if 'Cannot find None in registry' in message or 'None is not a callable object' in message:
        # layers and optimisers are looked up without saying what was not found
        known = component_names(None)
        return next((_unknown(name, '', known) for name in _types(cfg.to_dict()) if name.split('.')[-1] not in known),
                    None)
    if "got an unexpected keyword argument '" in message:
        return f'gives an argument that its component does not have: {message}'
    return None


def _unknown(name: str, kind: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name.split('.')[-1], sorted(known), n=3, cutoff=0.5)
    hint = f'did you mean {" or ".join(near)}?' if near else 'is the package that defines it listed in custom_imports?'
    return f'names an unknown component: {name}{kind}; {hint}'


def _types(node: Any) -> Iterator[str]:
    """Every string under a key ``type``, test settings apart: those name functions (nms)."""
    if isinstance(node, dict):
        if isinstance(node.get('type'), str):
            yield node['type']
        node = [child for key, child in node.items() if key != 'test_cfg']
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from _types(child)


def component_names(kind: str | None) -> set[str]:
    """Names in all registries called ``kind`` ('model', 'data sampler', ...), of any scope; None for every registry."""
    names: set[str] = set()

    def collect(node: Registry) -> None:
        if kind is None or node.name.replace('_', ' ') == kind.replace('_', ' '):
            names.update(node.module_dict)
        for child in node.children.values():
            collect(child)

    for root in vars(mmengine.registry).values():
        if isinstance(root, Registry):
            collect(root)
    return names


def announce_initial_weights(cfg: Config) -> None:
    """Log a warning when nothing gives a model with a backbone pretrained weights; teachers speak for themselves."""
    backbone = cfg.model.get('backbone')
    given = cfg.get('load_from') or cfg.get('resume') or cfg.model.get('init_cfg')
    if backbone is None or given or backbone.get('init_cfg'):
        return
    print_log('The model starts from RANDOM weights: no init_cfg in model.backbone and no load_from.',
              logger='current', level=logging.WARNING)


def fast_bf16() -> bool:
    """Whether bfloat16 is computed in hardware here (a GPU, or a CPU with AMX tiles), so that autocast pays."""
    return torch.cuda.is_available() or torch.cpu._is_amx_tile_supported()


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
    if not torch.cuda.is_available():
        keep_freed_memory()
    if cfg.get('launcher') == 'pytorch':
        if 'RANK' not in os.environ:
            raise UserError('--launcher pytorch belongs to torchrun: start it with tools/dist_train.sh CONFIG '
                            'PROCESSES')
        if not torch.cuda.is_available():
            # mmengine's own way asks for one GPU per process
            torch.distributed.init_process_group('gloo')
            cfg.model_wrapper_cfg = dict(cfg.get('model_wrapper_cfg') or dict(broadcast_buffers=False),
                                         device_ids=None)
    with explained(cfg):
        return Runner.from_cfg(cfg)


def check_checkpoint(model: torch.nn.Module, path: str) -> None:
    """Make sure that a checkpoint holds all weights of ``model``, since mmengine would only warn and go on.

    Raises:
        UserError: The file is missing or damaged, or belongs to another model.
    """
    if '://' in path:
        return
    own, weights = _own_and_loaded(model, path)
    wrong = sorted(k for k in own if k not in weights or own[k].shape != weights[k].shape)
    if wrong:
        raise UserError(f'checkpoint {path} is not one of this config: {len(wrong)} of {len(own)} weights are missing '
                        f'or of another shape (first: {wrong[0]}); test it with the config it was trained with')


def check_initial_weights(model: torch.nn.Module, path: str) -> None:
    """Make sure that ``load_from`` gives the model something; a head of another shape is allowed.

    Raises:
        UserError: The file is missing or damaged, or not one of its weights fits.
    """
    if '://' in path:
        return
    own, weights = _own_and_loaded(model, path)
    if not any(k in own and own[k].shape == weights[k].shape for k in weights):
        raise UserError(f'load_from={path} has no weight in common with this model (it begins with '
                        f'{next(iter(weights), "nothing")}): name a checkpoint of this architecture')


def _own_and_loaded(model: torch.nn.Module, path: str) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """State dicts of the model (without its DDP wrapper) and of the file."""
    checkpoint = load_from_local(path, map_location='cpu')
    weights = {k.removeprefix('module.'): v for k, v in checkpoint.get('state_dict', checkpoint).items()}
    return (model.module if is_model_wrapper(model) else model).state_dict(), weights

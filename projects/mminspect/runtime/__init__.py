"""From command line arguments to an mmengine Runner, with every foreseeable mistake caught before anything starts."""
from mminspect.core.components import component_names, explain_errors
from mminspect.core.methods import allowed_modules, declared_methods, import_method

from .check_registry import CHECKS, STAGES, CheckRegistry
from .checks import (
    check_data,
    check_dataloader,
    check_length,
    dataloaders,
    kept_back,
    missing_place,
    prepare_work_dir,
    same_data,
    skip_missing_validation,
    split_warnings,
)
from .config import load_config, override, use_amp
from .first_image import try_first_image
from .runner import build_runner, fast_bf16, keep_freed_memory
from .weights import announce_initial_weights, check_checkpoint, check_initial_weights

__all__ = ['CHECKS', 'STAGES', 'CheckRegistry', 'allowed_modules', 'announce_initial_weights', 'build_runner',
           'check_checkpoint', 'check_data', 'check_dataloader', 'check_initial_weights', 'check_length',
           'component_names', 'dataloaders', 'declared_methods', 'explain_errors', 'fast_bf16', 'import_method',
           'keep_freed_memory', 'kept_back', 'load_config', 'missing_place', 'override', 'prepare_work_dir',
           'same_data', 'skip_missing_validation', 'split_warnings', 'try_first_image', 'use_amp']

"""From command line arguments to an mmengine Runner, with every foreseeable mistake caught before anything starts."""
from .checks import (
    ABSENCE_CHECKS,
    DATA_CHECKS,
    LENGTH_CHECKS,
    MODEL_CHECKS,
    SPLIT_CHECKS,
    check_data,
    check_length,
    prepare_work_dir,
    skip_missing_validation,
)
from .components import component_names, explained
from .config import OPTION_SETTERS, WORK_DIR_PARTS, load_config, use_amp
from .runner import build_runner, fast_bf16, keep_freed_memory
from .weights import announce_initial_weights, check_checkpoint, check_initial_weights

__all__ = [
    'ABSENCE_CHECKS', 'DATA_CHECKS', 'LENGTH_CHECKS', 'MODEL_CHECKS', 'OPTION_SETTERS', 'SPLIT_CHECKS',
    'WORK_DIR_PARTS', 'announce_initial_weights', 'build_runner', 'check_checkpoint', 'check_data',
    'check_initial_weights', 'check_length', 'component_names', 'explained', 'fast_bf16', 'keep_freed_memory',
    'load_config', 'prepare_work_dir', 'skip_missing_validation', 'use_amp'
]

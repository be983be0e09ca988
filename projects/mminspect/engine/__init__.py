"""Additions to mmengine's training engine; importing this package registers them (mmengine's root registries)."""
from .channels_last import ChannelsLastHook
from .empty_loader import EmptyLoaderHook
from .epoch_seed import EpochSeedHook, seed_worker
from .finite_loss import FiniteLossHook
from .fit_once import FitOnceLoop
from .last_checkpoint import KeepLastCheckpointHook
from .model_wrapper import unwrap
from .optim_wrapper import Bf16OptimWrapper, NoOptimWrapper, PartsOptimWrapperConstructor
from .progress import ProgressHook

__all__ = ['Bf16OptimWrapper', 'ChannelsLastHook', 'EmptyLoaderHook', 'EpochSeedHook', 'FiniteLossHook', 'FitOnceLoop',
           'KeepLastCheckpointHook', 'NoOptimWrapper', 'PartsOptimWrapperConstructor', 'ProgressHook', 'seed_worker',
           'unwrap']

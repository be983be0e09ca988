"""Hooks."""
from .distillation_state import DistillationStateHook
from .side_by_side import SideBySideHook

__all__ = ['DistillationStateHook', 'SideBySideHook']

"""Hooks."""
from .distillation_state import DistillationStateHook

__all__ = ['DistillationStateHook']

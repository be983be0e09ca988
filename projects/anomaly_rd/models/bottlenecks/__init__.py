"""Bottlenecks between teacher and decoder."""
from .akf import AKF
from .bottleneck import MFF, OCE, FusionBottleneck, Reduce

__all__ = ['AKF', 'MFF', 'OCE', 'FusionBottleneck', 'Reduce']

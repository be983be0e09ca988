"""Bottlenecks between teacher and decoder."""
from .akf import AKF
from .bottleneck import FusionBottleneck
from .mff import MFF
from .oce import OCE
from .reduce import Reduce

__all__ = ['AKF', 'MFF', 'OCE', 'FusionBottleneck', 'Reduce']

"""Anomaly maps from gradients with respect to the image."""
from .guided_backprop import GuidedBackprop
from .input_gradient import Gradients, GreyOpening
from .smooth_grad import SmoothGrad

__all__ = ['Gradients', 'GreyOpening', 'GuidedBackprop', 'SmoothGrad']

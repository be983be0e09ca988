"""Anomaly maps from gradients with respect to the image."""
from .grey_opening import GreyOpening
from .guided_backprop import GuidedBackprop
from .input_gradient import Gradients
from .smooth_grad import SmoothGrad

__all__ = ['Gradients', 'GreyOpening', 'GuidedBackprop', 'SmoothGrad']

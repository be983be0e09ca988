"""The module that stands in for ``mmcv._ext``: mmcv's operator names on torchvision's operators.

mmcv asks for every operator it has when ``mmcv.ops`` is imported, most of which a given model never
calls. An operator without a counterpart is therefore there, and raises when it is called. Importing
this module imports torchvision.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NoReturn

from .deform_conv import (
    deform_conv_backward_input,
    deform_conv_backward_parameters,
    deform_conv_forward,
    modulated_deform_conv_backward,
    modulated_deform_conv_forward,
)
from .focal_loss import sigmoid_focal_loss_backward, sigmoid_focal_loss_forward
from .nms import nms, nms_match, softnms
from .roi_align import roi_align_backward, roi_align_forward

__all__ = [
    'deform_conv_backward_input',
    'deform_conv_backward_parameters',
    'deform_conv_forward',
    'get_compiler_version',
    'get_compiling_cuda_version',
    'modulated_deform_conv_backward',
    'modulated_deform_conv_forward',
    'nms',
    'nms_match',
    'roi_align_backward',
    'roi_align_forward',
    'sigmoid_focal_loss_backward',
    'sigmoid_focal_loss_forward',
    'softnms',
]

BUILD_COMMAND = (
    'MMCV_WITH_OPS=1 pip install --no-build-isolation --no-binary onedl-mmcv onedl-mmcv==2.3.6'
)


def get_compiler_version() -> str:
    """Return what environment reports print as mmcv's compiler."""
    return 'n/a (mmcv_fallback)'


def get_compiling_cuda_version() -> str:
    """Return what environment reports print as mmcv's CUDA; mmcv's own words for none."""
    return 'not available'


@functools.cache
def _missing_operator(name: str) -> Callable[..., NoReturn]:
    """Return a function that says which operator is missing and how to get it."""

    def operator(*args: object, **kwargs: object) -> NoReturn:
        raise NotImplementedError(
            f'{name}: mmcv is installed without compiled operators, and mmcv_fallback does not '
            f'supply this one. Build mmcv with operators against the installed torch (needs a '
            f'compiler and some ten minutes): {BUILD_COMMAND}'
        )

    operator.__name__ = operator.__qualname__ = name
    return operator


def __getattr__(name: str) -> Callable[..., NoReturn]:
    # Names with an underscore are questions of Python and its tools, never operators.
    if name.startswith('_'):
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return _missing_operator(name)

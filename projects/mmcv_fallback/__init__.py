"""mmcv's compiled operators, or torchvision's in their place.

``onedl-mmcv`` installs from PyPI without ``mmcv._ext``, after which ``import mmcv.ops``, and with
it all of mmdet, fails. Call :func:`activate` once before mmdet is imported and both work: with
mmcv's own compiled operators where they are there and run, with torchvision's operators otherwise.
README.md lists the operators and their limits.
"""

from .activation import activate, has_operator

__all__ = ['activate', 'has_operator']

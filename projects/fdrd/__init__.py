"""fdrd: detection of tiny foreign objects by cross-head distillation, as registered components of MMDetection.

Importing the package calls :func:`mminspect.core.setup.setup`, which makes mmdet usable without mmcv's compiled
operators, and registers every component below in mmdet's registries, its checks in ``mminspect.runtime.CHECKS``.
In a config: ``custom_imports = dict(imports=['fdrd'])``.

Source of the method: Liu et al., "Foreign object detection in pharmaceutical visible-light images using feature
difference enhancement and residual distillation network"; CrossKD: Wang et al., CVPR 2024, arXiv:2306.11369.
"""
from mminspect.core.setup import import_mmdet, setup

setup()  # mmdet can be imported only behind this line
import_mmdet()

import mminspect.engine  # noqa: E402
import mminspect.models.published_init  # noqa: E402, F401

from . import (  # noqa: E402, F401
    backbones,
    data_preprocessors,
    datasets,
    detectors,
    distillers,
    evaluation,
    hooks,
    layers,
    losses,
    necks,
    transforms,
)
from .datasets import checks, class_count, object_count  # noqa: E402, F401
from .transforms import view_check  # noqa: E402, F401

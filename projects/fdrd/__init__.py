"""fdrd: detection of tiny foreign objects by cross-head distillation, as registered components of MMDetection.

Importing the package makes mmdet usable without mmcv's compiled operators (:mod:`mmcv_fallback`), then registers every
component below in mmdet's registries. In a config: ``custom_imports = dict(imports=['fdrd'])``.

Source of the method: Liu et al., "Foreign object detection in pharmaceutical visible-light images using feature
difference enhancement and residual distillation network"; CrossKD: Wang et al., CVPR 2024, arXiv:2306.11369.
"""
import contextlib
import io

import mmcv_fallback

mmcv_fallback.activate()  # mmdet can be imported only behind this line

with contextlib.redirect_stdout(io.StringIO()):  # it prints that a data service which nobody asked for is missing
    import mmdet.datasets.transforms  # noqa: F401

import mminspect.core.fileio  # noqa: E402
import mminspect.engine  # noqa: E402
import mminspect.models.checkpoint  # noqa: E402, F401
from mminspect import runtime  # noqa: E402

from . import (  # noqa: E402, F401
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
from .datasets.checks import check_dataset_cfg  # noqa: E402
from .datasets.class_count import check_class_count  # noqa: E402
from .transforms.view_check import check_views  # noqa: E402

runtime.DATA_CHECKS.append(check_dataset_cfg)
runtime.MODEL_CHECKS.extend([check_class_count, check_views])

"""anomaly_rd: defects nobody labelled, found by distillation from good images only, on mmengine.

Importing the package registers its components in child registries of mmengine's (scope ``anomaly_rd``). In a config:
``custom_imports = dict(imports=['anomaly_rd'])`` and ``default_scope = 'anomaly_rd'``.
"""
import mminspect.checkpoint
import mminspect.engine
import mminspect.fileio  # noqa: F401
from mminspect import runtime

from . import apis, datasets, engine, evaluation, models, structures, visualization  # noqa: F401
from .datasets.categories import set_category
from .datasets.checks import check_dataset_cfg

runtime.DATA_CHECKS.append(check_dataset_cfg)
runtime.OPTION_SETTERS['category'] = set_category

"""anomaly_rd: defects nobody labelled, found by distillation from good images only, on mmengine.

Importing the package registers its components in child registries of mmengine's (scope ``anomaly_rd``). In a config:
``custom_imports = dict(imports=['anomaly_rd'])`` and ``default_scope = 'anomaly_rd'``.
"""
import mminspect.core.fileio
import mminspect.engine
import mminspect.models.checkpoint  # noqa: F401
from mminspect import runtime

from . import apis, datasets, engine, evaluation, models, visualization  # noqa: F401
from .datasets.cache_check import check_cache
from .datasets.categories import category_of, set_category
from .datasets.checks import check_dataset_cfg, check_split, missing_test
from .engine.two_phase import check_phases

runtime.ABSENCE_CHECKS.append(missing_test)
runtime.DATA_CHECKS.append(check_dataset_cfg)
runtime.LENGTH_CHECKS.append(check_phases)
runtime.MODEL_CHECKS.append(check_cache)
runtime.SPLIT_CHECKS.append(check_split)
runtime.OPTION_SETTERS['category'] = set_category
runtime.WORK_DIR_PARTS.append(category_of)

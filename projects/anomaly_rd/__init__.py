"""anomaly_rd: defects nobody labelled, found by distillation from good images only, on mmengine.

Importing the package calls :func:`mminspect.core.setup.setup` and registers its components in child registries of
mmengine's (scope ``anomaly_rd``) and its checks in ``mminspect.runtime.CHECKS``. In a config:
``custom_imports = dict(imports=['anomaly_rd'])`` and ``default_scope = 'anomaly_rd'``.
"""
from mminspect.core.setup import setup

setup()

import mminspect.engine  # noqa: E402, F401

from . import apis, datasets, engine, evaluation, models, visualization  # noqa: E402, F401
from .datasets import cache_check, categories, checks  # noqa: E402, F401

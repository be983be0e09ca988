"""What the project changes in OpenMMLab's libraries, done when it is asked for and never by an import alone."""
from __future__ import annotations

import contextlib
import io
import warnings

#: Patterns of the beginnings of warnings that tell a user nothing: about a metric that no config uses, and for mmdet's
#: own programmers.
REMARKS = ('faster_coco_eval is not installed', 'DeprecationWarning: `+num_anchors`+ (is|would be) deprecated')


def setup() -> None:
    """Prepare this process for models and configs of OpenMMLab; calling it again changes nothing.

    Checkpoints are read without executing what they hold, files are written whole with
    ``backend_args=dict(backend='atomic')``, configs inherit from this project by name (``mminspect::...``), mmcv's
    operators work without its compiled part, heads of detectors keep losses and boxes in float32 inside of autocast,
    and known remarks of the libraries are not shown. ``import fdrd``, ``import anomaly_rd``, the command lines, and
    whatever reads a config or builds a model call it; a program that uses mmengine on files from strangers before any
    of these should do the same.

    Raises:
        ModuleNotFoundError: mmcv is not installed.
        RuntimeError: mmcv has no compiled operators and torchvision does not work with the installed torch.
    """
    # here: an exported model needs none of these, and they take seconds to import
    import mmcv_fallback
    from mminspect.core.config_names import register_package
    from mminspect.core.fileio import register_atomic_backend
    from mminspect.models.float32_heads import install_float32_heads
    from mminspect.models.package_weights import register_package_weights
    from mminspect.models.safe_loading import install_safe_loaders
    ignore_remarks()
    install_safe_loaders()
    register_package_weights()
    register_atomic_backend()
    register_package()
    mmcv_fallback.activate()
    install_float32_heads()


def ignore_remarks() -> None:
    """Do not show the warnings of :data:`REMARKS`."""
    for remark in REMARKS:
        warnings.filterwarnings('ignore', message=remark)


def import_mmdet() -> None:
    """Import mmdet's data sets without the line that they print about a data service which nobody asked for.

    Call :func:`setup` before: mmdet cannot be imported without mmcv's operators.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        import mmdet.datasets.transforms  # noqa: F401

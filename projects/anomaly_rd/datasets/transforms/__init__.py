"""Transforms of the pipelines, registered in ``TRANSFORMS``."""
from .cut_paste import CutPaste
from .load import LoadInspectionImage
from .pack import PackAnomalyInputs
from .resize import CentreCrop, ResizeInspection
from .rotate_texture import RotateTexture

__all__ = ['CentreCrop', 'CutPaste', 'LoadInspectionImage', 'PackAnomalyInputs', 'ResizeInspection', 'RotateTexture']

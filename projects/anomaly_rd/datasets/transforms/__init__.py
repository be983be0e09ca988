"""Transforms of the pipelines, registered in ``TRANSFORMS``."""
from .cut_paste import CutPaste
from .load import LoadInspectionImage
from .pack import PackAnomalyInputs
from .perlin_texture import PerlinTexture
from .resize import CentreCrop, ResizeInspection
from .rotate_texture import RotateTexture
from .simplex_patch import SimplexPatch

__all__ = ['CentreCrop', 'CutPaste', 'LoadInspectionImage', 'PackAnomalyInputs', 'PerlinTexture',
           'ResizeInspection', 'RotateTexture', 'SimplexPatch']

"""Data transforms."""
from .load_image import LoadInspectionImage, read_for_display
from .load_tile import LoadTile
from .pack_dual_view import PackDualViewInputs
from .student_noise import StudentNoise

__all__ = ['LoadInspectionImage', 'LoadTile', 'PackDualViewInputs', 'StudentNoise', 'read_for_display']

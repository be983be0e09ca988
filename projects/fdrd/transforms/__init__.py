"""Data transforms."""
from .load_tile import LoadTile
from .pack_dual_view import PackDualViewInputs
from .student_noise import StudentNoise

__all__ = ['LoadTile', 'PackDualViewInputs', 'StudentNoise']

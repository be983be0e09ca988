"""Data transforms."""
from .pack_dual_view import PackDualViewInputs
from .student_noise import StudentNoise

__all__ = ['PackDualViewInputs', 'StudentNoise']

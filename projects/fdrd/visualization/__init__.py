"""Pictures of what a detector sees and finds."""
from .visualizer import InspectionLocalVisualizer

__all__ = ['InspectionLocalVisualizer']

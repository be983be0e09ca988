"""Drawings of anomaly maps, curves and scores; pure functions that return a matplotlib figure."""
from .curves import draw_curves
from .histogram import draw_histogram
from .panel import Picture, draw_panel, scales_of
from .saving import figure_array, save_figure

__all__ = ['Picture', 'draw_curves', 'draw_histogram', 'draw_panel', 'figure_array', 'save_figure', 'scales_of']

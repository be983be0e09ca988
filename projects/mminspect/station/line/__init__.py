"""The running line: the worker that owns the model, cameras, and everybody who watches."""
from .line import Line, running_line

__all__ = ['Line', 'running_line']

"""Images of any size, window by window."""
from .inspect import WindowsResult, inspect_windows
from .windows import plan_windows, usual_overlap

__all__ = ['WindowsResult', 'inspect_windows', 'plan_windows', 'usual_overlap']

"""Where live frames come from."""
from .latest import latest_frames
from .opening import open_source
from .source import Frame, Source

__all__ = ['Frame', 'Source', 'latest_frames', 'open_source']

"""Where live frames come from."""
from .camera import CameraSource
from .folder import FolderSource
from .latest import latest_frames
from .registry import open_source, register_source
from .source import Frame, Report, Source
from .video import VideoSource

__all__ = ['CameraSource', 'FolderSource', 'Frame', 'Report', 'Source', 'VideoSource', 'latest_frames', 'open_source',
           'register_source']

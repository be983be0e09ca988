"""What distillation terms see of a detector: the trace of one forward pass and the assignment of its locations."""
from .layout import HeadLayout, layout_of
from .targets import DenseTargets, recording_targets
from .trace import Trace, resume_towers, trace_head

__all__ = ['DenseTargets', 'HeadLayout', 'Trace', 'layout_of', 'recording_targets', 'resume_towers', 'trace_head']

"""What the outputs of a network mean: one class for each kind of model.

A kind of somebody else is one file: a class that derives from :class:`Task`, registered by :func:`register_task`, and
networks whose :class:`~mminspect.inspection.spec.NetworkSpec` names that kind.
"""
from .anomaly import AnomalyTask
from .detection import DetectionTask
from .task import Findings, Outputs, Task, TileCollector, register_task, task_of

__all__ = ['AnomalyTask', 'DetectionTask', 'Findings', 'Outputs', 'Task', 'TileCollector', 'register_task', 'task_of']

"""Hooks and loops that mmengine lacks."""
from .early_stop import NormalLossEarlyStopHook
from .pictures import AnomalyPicturesHook
from .teacher_identity import TeacherIdentityHook
from .teacher_statistics import TeacherStatisticsHook
from .threshold import ThresholdHook
from .two_phase import TwoPhaseHook

__all__ = ['AnomalyPicturesHook', 'NormalLossEarlyStopHook', 'TeacherIdentityHook', 'TeacherStatisticsHook',
           'ThresholdHook', 'TwoPhaseHook']

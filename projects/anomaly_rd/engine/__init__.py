"""Hooks and loops that mmengine lacks."""
from .early_stop import NormalLossEarlyStopHook
from .pictures import AnomalyPicturesHook
from .teacher import TeacherIdentityHook, TeacherStatisticsHook
from .threshold import ThresholdHook
from .two_phase import TwoPhaseHook

__all__ = ['AnomalyPicturesHook', 'NormalLossEarlyStopHook', 'TeacherIdentityHook', 'TeacherStatisticsHook',
           'ThresholdHook', 'TwoPhaseHook']

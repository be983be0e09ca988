"""From a folder of good pictures to a calibrated model and a report, without a config written by hand."""
from .own_config import HOW_MANY, write_config
from .paths import Paths
from .report import write_report
from .steps import Settings, quickstart

__all__ = ['HOW_MANY', 'Paths', 'Settings', 'quickstart', 'write_config', 'write_report']

"""mminspect: industrial inspection by knowledge distillation, a plugin of OpenMMLab.

This package holds what both halves of the project share (command line, run checks, engine additions, reports).
The methods live in :mod:`fdrd` (detection) and :mod:`anomaly_rd` (anomaly detection).
"""

__version__ = '0.2.0'

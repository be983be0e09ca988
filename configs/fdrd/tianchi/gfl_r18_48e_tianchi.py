# The student without distillation.
_base_ = [
    '../_base_/gfl_r18.py', '../../_base_/datasets/tianchi.py', '../../_base_/schedules/48e.py',
    '../../_base_/default_runtime.py'
]
published = 'table5/no distillation'

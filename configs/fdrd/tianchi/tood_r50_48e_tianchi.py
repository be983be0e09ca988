_base_ = [
    '../_base_/tood_r50.py', '../../_base_/datasets/tianchi.py', '../../_base_/schedules/48e.py',
    '../../_base_/default_runtime.py'
]
published = 'table6/tood'

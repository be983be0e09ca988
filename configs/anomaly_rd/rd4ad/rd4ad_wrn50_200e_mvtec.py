# RD4AD as published.
_base_ = [
    '../_base_/rd4ad_wrn50.py', '../../_base_/datasets/mvtec.py', '../../_base_/schedules/rd4ad_200e.py',
    '../../_base_/anomaly_runtime.py'
]
randomness = dict(seed=111)

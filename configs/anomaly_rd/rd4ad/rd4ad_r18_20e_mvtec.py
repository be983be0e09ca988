# RD4AD in a few minutes on two CPU cores.
_base_ = [
    '../_base_/rd4ad_r18.py', '../../_base_/datasets/mvtec.py', '../_base_/cpu_20e.py',
    '../../_base_/anomaly_runtime.py'
]
model = dict(cache_features=True)
default_hooks = dict(checkpoint=dict(interval=10))

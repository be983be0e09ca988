# EfficientNet-Lite0 as teacher, with the recipe of the paper.
_base_ = [
    '../_base_/rd4ad_lite0.py', '../../_base_/datasets/mvtec.py', '../../_base_/schedules/rd4ad_200e.py',
    '../../_base_/anomaly_runtime.py'
]

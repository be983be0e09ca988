# AKF as published: fusion and OCE.
_base_ = [
    '../_base_/rd4ad_wrn50.py', '../../_base_/datasets/mvtec.py', '../../_base_/schedules/akf_100e.py',
    '../../_base_/anomaly_runtime.py'
]
model = dict(bottleneck=dict(fusion=dict(type='AKF')))
train_dataloader = dict(batch_size=32)
randomness = dict(seed=111)

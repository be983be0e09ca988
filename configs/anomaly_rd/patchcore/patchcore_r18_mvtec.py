# A tenth of all patches, ResNet-18; a fifth of the good images is kept from the bank for the threshold.
_base_ = [
    '../_base_/patchcore_r18.py', '../../_base_/datasets/mvtec.py', '../../_base_/schedules/fit_once.py',
    '../../_base_/anomaly_runtime.py'
]
train_dataloader = dict(dataset=dict(holdout=0.2))

# For a line: your own good images, a tenth of them kept for the threshold and for stopping early, averaged weights.
_base_ = [
    '../_base_/rd4ad_r18.py', '../../_base_/datasets/anomaly_folder.py', '../../_base_/schedules/rd4ad_200e.py',
    '../../_base_/anomaly_runtime.py'
]
model = dict(cache_features=True)
train_dataloader = dict(dataset=dict(holdout=0.1))
holdout_dataloader = dict(
    batch_size=16,
    dataset=dict(
        type='FolderDataset', data_root=_base_.data_root, split='holdout', holdout=0.1, pipeline=_base_.pipeline))
custom_hooks = [
    *_base_.run_hooks,
    dict(type='EMAHook', momentum=0.01),
    dict(type='ThresholdHook', holdout_dataloader=holdout_dataloader),
    dict(type='NormalLossEarlyStopHook', holdout_dataloader=holdout_dataloader, interval=5, patience=4),
]

# The demo's student alone: GFL-R18 with 64-channel neck and head, from random weights, on 160 rendered images.
_base_ = [
    '../_base_/gfl_r18.py', '../../_base_/datasets/vials.py', '../../_base_/schedules/cpu_8e.py',
    '../../_base_/cpu_runtime.py'
]
model = dict(
    backbone=dict(frozen_stages=-1, norm_eval=False, init_cfg=None),
    neck=dict(out_channels=64),
    bbox_head=dict(in_channels=64, feat_channels=64))

train_cfg = dict(max_epochs=12, val_interval=12)
optim_wrapper = dict(type='OptimWrapper')
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=100),
    dict(type='MultiStepLR', by_epoch=True, begin=0, end=12, milestones=[9, 11], gamma=0.1),
]
train_dataloader = dict(num_workers=1)
val_dataloader = dict(num_workers=1)
test_dataloader = val_dataloader
custom_hooks = [*_base_.custom_hooks, dict(type='mmengine.ProgressHook', title='student alone')]

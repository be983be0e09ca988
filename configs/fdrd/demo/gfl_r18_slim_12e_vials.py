# The demo's student alone: GFL with a ResNet-18 of half width and 64-channel neck and head, from random weights.
_base_ = [
    '../_base_/gfl_r18.py', '../../_base_/datasets/vials.py', '../../_base_/schedules/cpu_8e.py',
    '../../_base_/cpu_runtime.py'
]
model = dict(
    backbone=dict(base_channels=32, frozen_stages=-1, norm_eval=False, init_cfg=None),
    neck=dict(in_channels=[32, 64, 128, 256], out_channels=64),
    bbox_head=dict(in_channels=64, feat_channels=64))

max_epochs = 12
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
# From random weights and in 480 iterations AdamW gets about twice the AP50 of SGD.
optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.001, weight_decay=0.05),
    clip_grad=dict(max_norm=35, norm_type=2))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=40),
    dict(type='CosineAnnealingLR', by_epoch=True, begin=0, end=max_epochs, T_max=max_epochs, eta_min=1e-5,
         convert_to_iter_based=True),
]
train_dataloader = dict(num_workers=1)
val_dataloader = dict(num_workers=1)
test_dataloader = val_dataloader
run_hooks = _base_.custom_hooks
custom_hooks = [*run_hooks, dict(type='mmengine.ProgressHook', title='student alone')]

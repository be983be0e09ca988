_base_ = [
    '../_base_/vfnet_r50.py', '../../_base_/datasets/tianchi.py', '../../_base_/schedules/48e.py',
    '../../_base_/default_runtime.py'
]
published = 'table6/vfnet'
optim_wrapper = dict(paramwise_cfg=dict(bias_lr_mult=2., bias_decay_mult=0.))

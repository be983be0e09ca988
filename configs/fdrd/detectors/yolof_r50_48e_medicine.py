_base_ = [
    '../_base_/yolof_r50.py', '../../_base_/datasets/medicine_liquid.py', '../../_base_/schedules/48e.py',
    '../../_base_/default_runtime.py'
]
published = 'table3/yolof'
# mmdet's 0.12 for batch 64, scaled to batch 4; a third of it for the backbone.
optim_wrapper = dict(
    optimizer=dict(lr=0.0075), paramwise_cfg=dict(norm_decay_mult=0., custom_keys={'backbone': dict(lr_mult=1. / 3)}))

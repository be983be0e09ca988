# The demo's teacher: the student's network with semantic upsampling and SE, trained a little longer.
_base_ = './gfl_r18_slim_12e_vials.py'
model = dict(
    neck=dict(
        _delete_=True,
        type='SemanticFPN',
        in_channels=[64, 128, 256, 512],
        out_channels=64,
        start_level=1,
        num_outs=5,
        topology='carafe',
        upsample_cfg=dict(type='SemanticUpsample'),
        attention_cfg=dict(type='SE', reduction=8)))

train_cfg = dict(max_epochs=15, val_interval=15)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=100),
    dict(type='MultiStepLR', by_epoch=True, begin=0, end=15, milestones=[11, 14], gamma=0.1),
]
custom_hooks = [*_base_.custom_hooks[:-1], dict(type='mmengine.ProgressHook', title='teacher')]

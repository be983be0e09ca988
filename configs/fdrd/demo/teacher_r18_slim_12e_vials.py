# The demo's teacher: a ResNet-18 of full width, with semantic upsampling and SE.
_base_ = './gfl_r18_slim_12e_vials.py'
model = dict(
    backbone=dict(base_channels=64),
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
custom_hooks = [*_base_.custom_hooks[:-1], dict(type='mmengine.ProgressHook', title='teacher')]

# The teacher: GFL-R50 with semantic upsampling in the FPN and SE behind its outputs.
_base_ = './gfl_r50.py'
model = dict(
    neck=dict(
        _delete_=True,
        type='SemanticFPN',
        in_channels=[256, 512, 1024, 2048],
        out_channels=256,
        start_level=1,
        num_outs=5,
        topology='carafe',
        upsample_cfg=dict(type='SemanticUpsample'),
        attention_cfg=dict(type='SE', reduction=8)))

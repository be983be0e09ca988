# Teacher of the row "ours": with semantic upsampling and SE.
_base_ = './teacher-plain_r18_320_16e_deeppcb.py'
model = dict(
    neck=dict(
        _delete_=True,
        type='SemanticFPN',
        in_channels=[64, 128, 256, 512],
        out_channels=128,
        start_level=1,
        num_outs=5,
        topology='carafe',
        upsample_cfg=dict(type='SemanticUpsample'),
        attention_cfg=dict(type='SE', reduction=8)))

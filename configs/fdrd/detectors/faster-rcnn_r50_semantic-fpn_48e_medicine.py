# The teacher's neck in a two-stage detector.
_base_ = './faster-rcnn_r50_48e_medicine.py'
model = dict(
    neck=dict(
        type='SemanticFPN',
        topology='fpn',
        add_extra_convs=False,
        upsample_cfg=dict(type='SemanticUpsample'),
        attention_cfg=dict(type='SE', reduction=8)))

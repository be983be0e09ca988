# What makes the teacher's neck of a detector's FPN: semantic upsampling, and SE behind its outputs.
semantic_neck = dict(
    type='SemanticFPN',
    topology='carafe',
    upsample_cfg=dict(type='SemanticUpsample'),
    attention_cfg=dict(type='SE', reduction=8))

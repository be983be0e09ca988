# The demo's teacher: a ResNet-18 of full width, with semantic upsampling and SE.
_base_ = ['./gfl_r18_slim_12e_vials.py', '../_base_/semantic_neck.py']
model = dict(backbone=dict(base_channels=64), neck=dict(_base_.semantic_neck, in_channels=[64, 128, 256, 512]))
custom_hooks = [*_base_.run_hooks, dict(type='mmengine.ProgressHook', title='teacher')]

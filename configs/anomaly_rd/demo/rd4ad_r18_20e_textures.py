# The demo's anomaly model: RD4AD on rendered textures, with a random ResNet-18 as teacher.
_base_ = [
    '../_base_/rd4ad_r18.py', '../../_base_/datasets/textures_demo.py', '../_base_/cpu_20e.py',
    '../../_base_/anomaly_runtime.py'
]
model = dict(teacher=dict(weights=None), cache_features=True)
train_cfg = dict(val_interval=_base_.max_epochs)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(lr=2e-3))
custom_hooks = [*_base_.custom_hooks, dict(type='ProgressHook', title='anomaly model', interval=5)]

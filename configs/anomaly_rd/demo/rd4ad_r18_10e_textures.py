# The demo's anomaly model: RD4AD on rendered textures, with a random ResNet-18 as teacher.
_base_ = [
    '../_base_/rd4ad_r18.py', '../../_base_/datasets/textures_demo.py', '../_base_/cpu_20e.py',
    '../../_base_/anomaly_runtime.py'
]
model = dict(teacher=dict(weights=None), cache_features=True, map_head=dict(sigma=2.0))
max_epochs = 10
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(lr=1e-3))
custom_hooks = [*_base_.custom_hooks, dict(type='ProgressHook', title='anomaly model')]

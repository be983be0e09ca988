custom_imports = dict(imports=['anomaly_rd'], allow_failed_imports=False)
default_scope = 'anomaly_rd'

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=10),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval=5, max_keep_ckpts=1, backend_args=dict(backend='atomic')),
    sampler_seed=dict(type='DistSamplerSeedHook'))
custom_hooks = [
    dict(type='EpochSeedHook'),
    dict(type='ChannelsLastHook'),
    dict(type='FiniteLossHook'),
    dict(type='TeacherStatisticsHook'),
    dict(type='ThresholdHook'),
]
picture_hook = dict(type='AnomalyPicturesHook')

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))
randomness = dict(seed=0)

vis_backends = [dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')]
visualizer = dict(type='Visualizer', vis_backends=vis_backends, name='visualizer')
log_processor = dict(type='LogProcessor', window_size=10, by_epoch=True)
log_level = 'INFO'
load_from = None
resume = False

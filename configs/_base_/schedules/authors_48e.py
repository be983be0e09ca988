# The authors' released student and distillation schedule: a second decay at epoch 44.
_base_ = './48e.py'
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type='MultiStepLR', by_epoch=True, begin=0, end=48, milestones=[32, 44], gamma=0.1),
]

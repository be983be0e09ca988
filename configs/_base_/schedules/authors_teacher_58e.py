# The authors' released teacher schedule (they train it on several scales, see the configs that use it).
_base_ = './48e.py'
train_cfg = dict(max_epochs=58)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type='MultiStepLR', by_epoch=True, begin=0, end=58, milestones=[38, 54], gamma=0.1),
]

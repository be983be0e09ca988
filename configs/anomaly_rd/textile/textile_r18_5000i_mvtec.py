# The textile model on DeSTSeg's schedule.
_base_ = [
    '../_base_/textile_r18.py', '../../_base_/datasets/mvtec.py', '../../_base_/schedules/textile_5000i.py',
    '../../_base_/anomaly_runtime.py'
]
train_pipeline = [
    _base_.load_image, _base_.resize,
    dict(type='RotateTexture'),
    dict(type='CutPaste'), _base_.pack
]
train_dataloader = dict(
    batch_size=32,
    drop_last=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(pipeline=train_pipeline))
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=1000))
log_processor = dict(by_epoch=False)
custom_hooks = [*_base_.custom_hooks, dict(type='TwoPhaseHook', switch_at=_base_.switch_at)]
find_unused_parameters = True

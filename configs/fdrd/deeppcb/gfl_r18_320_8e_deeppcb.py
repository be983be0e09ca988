# Student alone at 320x320, on a size that two CPU cores can train.
_base_ = [
    '../_base_/gfl_r18.py', '../../_base_/datasets/deeppcb.py', '../../_base_/schedules/cpu_8e.py',
    '../../_base_/cpu_runtime.py'
]
weights = '{{$MMINSPECT_WEIGHTS:weights}}/resnet18_imagenet_stages1-3.pth'
model = dict(
    backbone=dict(init_cfg=dict(checkpoint=weights)),
    neck=dict(out_channels=128),
    bbox_head=dict(num_classes=6, in_channels=128, feat_channels=128))

train_pipeline = _base_.train_pipeline
train_pipeline[2].scale = (320, 320)
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = (320, 320)
train_dataloader = dict(num_workers=1, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(num_workers=1, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

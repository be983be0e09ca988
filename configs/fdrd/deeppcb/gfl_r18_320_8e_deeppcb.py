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

scale = (320, 320)
resize = dict(type='Resize', scale=scale, keep_ratio=True)
train_steps = [_base_.load_image, _base_.load_boxes, resize, _base_.flip]
train_pipeline = [*train_steps, _base_.pack]
test_pipeline = [_base_.load_image, resize, _base_.load_boxes, _base_.pack_test]
train_dataloader = dict(num_workers=1, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(num_workers=1, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

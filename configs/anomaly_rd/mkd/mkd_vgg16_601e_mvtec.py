# MKD as its repository trains it on MVTec AD: 128x128, plain [0, 1], batch 64, Adam 1e-3.
_base_ = [
    '../_base_/mkd_vgg16.py', '../../_base_/datasets/mvtec.py', '../../_base_/schedules/rd4ad_200e.py',
    '../../_base_/anomaly_runtime.py'
]
max_epochs = 601
train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(optimizer=dict(_delete_=True, type='Adam', lr=1e-3))
pipeline = [_base_.load_image, dict(type='ResizeInspection', size=(128, 128)), _base_.pack]
train_dataloader = dict(batch_size=64, dataset=dict(pipeline=pipeline))
val_dataloader = dict(dataset=dict(pipeline=pipeline))
test_dataloader = val_dataloader
default_hooks = dict(checkpoint=dict(interval=50))

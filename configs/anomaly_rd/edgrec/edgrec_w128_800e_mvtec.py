# As published but for the textures (procedural ones and other training images in place of the DTD), CutPaste and the
# rotation, which is left out.
_base_ = [
    '../../_base_/datasets/mvtec.py', '../../_base_/schedules/draem_700e.py', '../../_base_/anomaly_runtime.py'
]
max_epochs = 800
train_cfg = dict(max_epochs=max_epochs)
param_scheduler = [dict(type='MultiStepLR', milestones=[640, 720], gamma=0.2, by_epoch=True)]
train_pipeline = [
    _base_.load_image, _base_.resize,
    dict(type='RandomChoice', transforms=[[dict(type='PerlinTexture', prob=0.5)], [dict(type='CutPaste', prob=0.5)]]),
    _base_.pack
]
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline))
model = dict(
    type='EdgeReconstruction',
    data_preprocessor=dict(type='AnomalyDataPreprocessor', mean=(0, 0, 0), std=(255, 255, 255)),
    width=128)

# The middle 256x256 of images of 288x288: parts that fill the picture, without its edges.
_base_ = './rd4ad_r18_20e_mvtec.py'
pipeline = [
    _base_.load_image,
    dict(type='ResizeInspection', size=(288, 288)),
    dict(type='CentreCrop', size=(256, 256)),
    _base_.pack,
]
train_dataloader = dict(dataset=dict(pipeline=pipeline))
val_dataloader = dict(dataset=dict(pipeline=pipeline))
test_dataloader = val_dataloader

# The middle 256x256 of images of 288x288: parts that fill the picture, without its edges.
_base_ = './rd4ad_r18_20e_mvtec.py'
pipeline = [
    dict(type='LoadInspectionImage'),
    dict(type='ResizeInspection', size=(288, 288)),
    dict(type='CentreCrop', size=(256, 256)),
    dict(type='PackAnomalyInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=pipeline))
val_dataloader = dict(dataset=dict(pipeline=pipeline))
test_dataloader = val_dataloader

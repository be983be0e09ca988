# The rendered demo set, 320x136, one class: python tools/datasets/make_vials.py data/vials
_base_ = './coco_detection.py'

data_root = '{{$MMINSPECT_DATA:data}}/vials/'
scale = (320, 136)

train_pipeline = _base_.train_pipeline
train_pipeline[2].scale = scale
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = scale

train_dataloader = dict(dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data_root=data_root, pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(ann_file=data_root + 'annotations/val.json')
test_evaluator = val_evaluator

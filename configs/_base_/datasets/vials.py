# The rendered demo set, 320x136, one class: python tools/datasets/make_vials.py data/vials
_base_ = './coco_detection.py'

data_root = '{{$MMINSPECT_DATA:data}}/vials/'
scale = (320, 136)

resize = dict(type='Resize', scale=scale, keep_ratio=True)
train_steps = [_base_.load_image, _base_.load_boxes, resize, _base_.flip]
train_pipeline = [*train_steps, _base_.pack]
test_pipeline = [_base_.load_image, resize, _base_.load_boxes, _base_.pack_test]

train_dataloader = dict(dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data_root=data_root, pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(ann_file=data_root + 'annotations/val.json')
test_evaluator = val_evaluator

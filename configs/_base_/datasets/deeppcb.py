# DeepPCB: binarised scans of circuit boards, 640x640, six defect classes (github.com/tangsanli5201/DeepPCB, MIT).
_base_ = './coco_detection.py'

data_root = '{{$MMINSPECT_DATA:data}}/deeppcb/'
metainfo = dict(classes=('open', 'short', 'mousebite', 'spur', 'copper', 'pin_hole'))
scale = (640, 640)

resize = dict(type='Resize', scale=scale, keep_ratio=True)
train_steps = [_base_.load_image, _base_.load_boxes, resize, _base_.flip]
train_pipeline = [*train_steps, _base_.pack]
test_pipeline = [_base_.load_image, resize, _base_.load_boxes, _base_.pack_test]

train_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        metainfo=metainfo,
        ann_file='annotations_coco/instances_train.json',
        data_prefix=dict(img='JPEGImages/'),
        pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        metainfo=metainfo,
        ann_file='annotations_coco/instances_val.json',
        data_prefix=dict(img='JPEGImages/'),
        pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(ann_file=data_root + 'annotations_coco/instances_val.json')
test_evaluator = val_evaluator

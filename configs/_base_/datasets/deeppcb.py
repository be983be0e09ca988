# DeepPCB: binarised scans of circuit boards, 640x640, six defect classes (github.com/tangsanli5201/DeepPCB, MIT).
_base_ = './coco_detection.py'

data_root = '{{$MMINSPECT_DATA:data}}/deeppcb/'
metainfo = dict(classes=('open', 'short', 'mousebite', 'spur', 'copper', 'pin_hole'))
scale = (640, 640)

train_pipeline = _base_.train_pipeline
train_pipeline[2].scale = scale
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = scale

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

# COCO format. A file that inherits this one overrides data_root, metainfo and scale where they are used (see
# deeppcb.py): setting the variables alone changes nothing.
data_root = '{{$MMINSPECT_DATA:data}}/coco/'
metainfo = dict(classes=('foreign', ))
scale = (1333, 800)

# The steps have names, so that a config which changes one of them can name the others.
load_image = dict(type='LoadInspectionImage')
load_boxes = dict(type='LoadAnnotations', with_bbox=True)
resize = dict(type='Resize', scale=scale, keep_ratio=True)
flip = dict(type='RandomFlip', prob=0.5)
pack = dict(type='PackDetInputs')
test_meta_keys = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')
pack_test = dict(type='PackDetInputs', meta_keys=test_meta_keys)

train_steps = [load_image, load_boxes, resize, flip]  # all but packing: noise of the student's view comes behind them
train_pipeline = [*train_steps, pack]
# boxes behind Resize: ground truth stays in pixels of the original image
test_pipeline = [load_image, resize, load_boxes, pack_test]

train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    persistent_workers=False,
    worker_init_fn=dict(type='seed_worker'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='AspectRatioBatchSampler'),
    dataset=dict(
        type='InspectionCocoDataset',
        data_root=data_root,
        metainfo=metainfo,
        ann_file='annotations/train.json',
        data_prefix=dict(img='images/train/'),
        filter_cfg=dict(filter_empty_gt=False),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=False,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='InspectionCocoDataset',
        data_root=data_root,
        metainfo=metainfo,
        ann_file='annotations/val.json',
        data_prefix=dict(img='images/val/'),
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(type='InspectionCocoMetric', metric='bbox', ann_file=data_root + 'annotations/val.json')
test_evaluator = val_evaluator
